// Changes of the members, for both simulations: which members an operator wants, and which kind of
// change a configuration begins.
import type { Configuration, NodeId } from "@raftkit/core";
import { isListed, serversOf } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import type { ChangeCase } from "./coverage.js";
import type { MemberChangeKind } from "./plan.js";

const VOTERS_MAX = 5;

export interface WantedMembers {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
}

type Server = Configuration["voters"][number];

/**
 * @param ids of all nodes that there are
 * @param leaderId undefined: no voter leads
 * @param severity how many of them
 */
export function wantedMembers(
  now: Configuration,
  kind: MemberChangeKind,
  severity: number,
  ids: readonly NodeId[],
  leaderId: NodeId | undefined,
  random: SeededRandom,
): WantedMembers {
  const voters = idsOf(now.voters);
  const learners = idsOf(now.learners);
  const others = shuffled(
    ids.filter((id) => !voters.includes(id)),
    random,
  );
  const staying = shuffled(
    voters.filter((id) => id !== leaderId),
    random,
  );
  const leading = leaderId === undefined ? [] : [leaderId];
  const made = (wanted: readonly NodeId[]): WantedMembers => ({
    voters: wanted.slice(0, VOTERS_MAX),
    learners: learners.filter((id) => !wanted.includes(id)),
  });
  const some = 1 + Math.floor(2 * severity);
  switch (kind) {
    case "addVoters":
      return made([...voters, ...others.slice(0, some)]);
    case "removeVoters":
      return made([...leading, ...staying.slice(some)].slice(0, VOTERS_MAX));
    case "replaceVoters":
      // All of them, if there are enough others.
      return severity > 0.6 && others.length > 0
        ? made(others)
        : made([...leading, ...staying.slice(1), ...others.slice(0, some)]);
    case "removeLeader":
      return staying.length > 0 || others.length > 0
        ? made([
            ...staying,
            ...others.slice(0, staying.length === 0 ? 1 : Math.floor(2 * severity)),
          ])
        : { voters, learners };
    case "changeLearners":
      return {
        voters,
        learners: others.filter((id) => learners.includes(id) !== random.chance(0.6)),
      };
  }
}

/** Whether a configuration that isn't joint has these members. */
export function areMembers(now: Configuration, { voters, learners }: WantedMembers): boolean {
  return haveSame(idsOf(now.voters), voters) && haveSame(idsOf(now.learners), learners);
}

export function haveSame(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}

export function idsOf(servers: readonly Server[]): readonly NodeId[] {
  return servers.map(({ id }) => id);
}

/**
 * @param leader who appends `now`
 * @param isGone its data directory is lost
 * @param isBack its data directory takes the place of a lost one
 */
export function changeCaseOf(
  leader: NodeId,
  before: Configuration,
  now: Configuration,
  isGone: (server: Server) => boolean,
  isBack: (server: Server) => boolean,
): ChangeCase {
  const removed = serversOf(before).filter((one) => !isListed(serversOf(now), one));
  const added = now.voters.filter((one) => !isListed(before.voters, one));
  const begins = now.rejoining?.some((id) => before.rejoining?.includes(id) !== true) === true;
  if (begins || removed.some(isGone) || added.some(isBack)) return "rejoin";
  if (now.outgoing.length === 0) {
    return removed.length > 0 || now.learners.length !== before.learners.length
      ? "learners"
      : "address";
  }
  if (!now.voters.some(({ id }) => id === leader)) return "leaderLeaves";
  const leavers = before.voters.filter((one) => !isListed(now.voters, one));
  if (leavers.length === 0) return "grow";
  return added.length === 0 ? "shrink" : "replace";
}

function shuffled(ids: readonly NodeId[], random: SeededRandom): readonly NodeId[] {
  return ids
    .map((id) => ({ id, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ id }) => id);
}
