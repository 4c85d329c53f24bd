// Members of configurations: their identity, and the lists that name them.
import type { Configuration, Member, NodeId, Sender, Server } from "./types.js";

/** The same node with the same data directory. */
export function isSameMember(a: Member | null, b: Member | null): boolean {
  return a === b || (a?.id === b?.id && a?.incarnation === b?.incarnation);
}

/** The same opening of the same data directory. */
export function isSameRun(a: Sender | undefined, b: Sender): boolean {
  return a?.id === b.id && a.incarnation === b.incarnation && a.run === b.run;
}

/** Both opened the same data directory; `a` did when `b` did, or before. */
export function isSameOrEarlierRun(a: Sender, b: Sender): boolean {
  return a.id === b.id && a.incarnation === b.incarnation && a.run <= b.run;
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
  // A learner that takes the place of a voter isn't one before that has left.
  return [...voters, ...learners.filter(({ id }) => !voters.some((voter) => voter.id === id))];
}

/** With these as those that rejoin. */
export function withRejoining(
  { clusterInstance, voters, learners, outgoing }: Configuration,
  rejoining: readonly NodeId[],
): Configuration {
  const configuration = { clusterInstance, voters, learners, outgoing };
  return rejoining.length === 0 ? configuration : { ...configuration, rejoining };
}

/** Voters are being changed, and majorities of both halves are needed (paper §6). */
export function isJoint({ outgoing }: Configuration): boolean {
  return outgoing.length > 0;
}

export function isListed(members: readonly Member[], member: Member): boolean {
  for (const one of members) if (isSameMember(one, member)) return true;
  return false;
}
