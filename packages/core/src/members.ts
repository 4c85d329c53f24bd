// Members of configurations: their identity, and the lists that name them.
import type { Configuration, Member, Server } from "./types.js";

/** The same node with the same data directory. */
export function isSameMember(a: Member | null, b: Member | null): boolean {
  return a === b || (a?.id === b?.id && a?.incarnation === b?.incarnation);
}

/** Those whose votes count, each once: in a joint configuration those of both halves. */
export function votersOf({ voters, outgoing }: Configuration): readonly Server[] {
  if (outgoing.length === 0) return voters;
  return [...voters, ...outgoing.filter((server) => !isListed(voters, server))];
}

/** Everybody that a configuration names, each once. */
export function serversOf(configuration: Configuration): readonly Server[] {
  const voters = votersOf(configuration);
  const { learners } = configuration;
  if (learners.length === 0) return voters;
  return [...voters, ...learners.filter((server) => !isListed(voters, server))];
}

/** Voters are being changed, and majorities of both halves are needed (paper §6). */
export function isJoint({ outgoing }: Configuration): boolean {
  return outgoing.length > 0;
}

export function isListed(members: readonly Member[], member: Member): boolean {
  for (const one of members) if (isSameMember(one, member)) return true;
  return false;
}
