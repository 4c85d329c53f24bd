// Whose votes and acknowledgements count: at the moment when they are counted, those of the members
// that the configuration in force names, by id and data directory.
import { isListed, isSameMember, serversOf, votersOf } from "../members.js";
import { reachedByBoth } from "../quorum/joint.js";
import type { Progress } from "../state/progress.js";
import type { Leader, State } from "../state/state.js";
import type { Configuration, Member, Sender, Server } from "../types.js";
import { emit } from "./emit.js";

/** The member that a sender claims to be, if it is one, in whatever list. */
export function memberOf(state: State, from: Member): Server | undefined {
  const { current } = state.membership;
  return current && serversOf(current).find((server) => isSameMember(server, from));
}

/** Whether this data directory has a vote. */
export function isVoter(state: State): boolean {
  const { current } = state.membership;
  return current !== undefined && isListed(votersOf(current), state.options);
}

/** What a leader knows of the sender; undefined, and told, where that isn't the member it claims. */
export function progressOf(state: State, leader: Leader, from: Sender): Progress | undefined {
  const progress = leader.progress.get(from.id);
  if (progress?.server.incarnation === from.incarnation) return progress;
  emit(state, { type: "dropped", from, reason: "notMember", disconnect: false });
  return undefined;
}

export function otherVoters(state: State): readonly Server[] {
  const { current } = state.membership;
  if (!current) return [];
  return votersOf(current).filter((voter) => voter.id !== state.options.id);
}

/** What a quorum of a configuration has reached; -Infinity without one. */
function reachedBy(
  configuration: Configuration | undefined,
  figure: (server: Server) => number,
): number {
  if (!configuration) return -Infinity;
  const { voters, outgoing } = configuration;
  return reachedByBoth(voters.map(figure), outgoing.map(figure));
}

/**
 * What a quorum of the configuration in force has reached, as this leader knows it.
 * @param own of this node; counts only where the configuration lists it
 */
export function reachedByQuorum(
  state: State,
  own: number,
  leader: Leader,
  figure: (progress: Progress) => number,
): number {
  return reachedBy(state.membership.current, (server) => {
    if (isSameMember(server, state.options)) return own;
    const progress = leader.progress.get(server.id);
    return progress?.server.incarnation === server.incarnation ? figure(progress) : -Infinity;
  });
}

/** Whether these are a quorum of the configuration in force. */
export function areQuorum(state: State, members: readonly Member[]): boolean {
  return reachedBy(state.membership.current, (server) => (isListed(members, server) ? 1 : 0)) >= 1;
}
