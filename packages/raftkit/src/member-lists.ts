// The members of a configuration by their ids, and the next step of a change.
import type { Configuration, NodeId } from "@raftkit/core";
import { isListed, serversOf } from "@raftkit/core";

export interface MemberLists {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

export function listsOf({ voters, learners }: Configuration): MemberLists {
  return { voters: voters.map(({ id }) => id), learners: learners.map(({ id }) => id) };
}

/** The same members with the same data directories, some of them at other addresses. */
export function areOnlyMoved(a: Configuration, b: Configuration): boolean {
  const sameLists = (["voters", "learners", "outgoing"] as const).every(
    (list) => a[list].length === b[list].length && a[list].every((one) => isListed(b[list], one)),
  );
  const addresses = new Set(serversOf(a).map(({ address }) => address));
  return sameLists && serversOf(b).some(({ address }) => !addresses.has(address));
}

/** While voters change: the old ones. */
export function listsBefore(configuration: Configuration): MemberLists {
  const { outgoing, voters } = configuration;
  return listsOf({ ...configuration, voters: outgoing.length > 0 ? outgoing : voters });
}

export function areSame(a: MemberLists, b: MemberLists): boolean {
  return haveSame(a.voters, b.voters) && haveSame(a.learners, b.learners);
}

function haveSame(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}

export function changesVoters(from: MemberLists, to: MemberLists): boolean {
  return !haveSame(from.voters, to.voters);
}

/** Ids that are named more than once. */
export function namedTwice({ voters, learners }: MemberLists): readonly NodeId[] {
  const all = [...voters, ...learners];
  return [...new Set(all.filter((id, i) => all.indexOf(id) !== i))];
}

/** Wanted voters that aren't members yet: they become learners first. */
export function newcomers(now: MemberLists, target: MemberLists): readonly NodeId[] {
  return without(target.voters, [...now.voters, ...now.learners]);
}

export function without(ids: readonly NodeId[], those: readonly NodeId[]): readonly NodeId[] {
  return ids.filter((id) => !those.includes(id));
}

export function listsText({ voters, learners }: MemberLists): string {
  const voting = `voters ${voters.join(", ")}`;
  return learners.length === 0 ? voting : `${voting}; learners ${learners.join(", ")}`;
}
