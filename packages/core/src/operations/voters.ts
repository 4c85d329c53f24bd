// Whose votes and acknowledgements count.
import type { Progress } from "../state/progress.js";
import type { Leader, State } from "../state/state.js";
import type { Sender, Server } from "../types.js";
import { emit } from "./emit.js";

/** The member that a sender claims to be, if it is one: same id and same data directory. */
export function memberOf(state: State, from: Sender): Server | undefined {
  return state.membership.current?.voters.find(
    (voter) => voter.id === from.id && voter.incarnation === from.incarnation,
  );
}

/** Whether this data directory has a vote. */
export function isVoter(state: State): boolean {
  return memberOf(state, state.options) !== undefined;
}

/** What a leader knows of the sender; undefined, and told, where that isn't the member it claims. */
export function progressOf(state: State, leader: Leader, from: Sender): Progress | undefined {
  const progress = leader.progress.get(from.id);
  if (progress?.server.incarnation === from.incarnation) return progress;
  emit(state, { type: "dropped", from, reason: "notMember", disconnect: false });
  return undefined;
}

export function otherVoters(state: State): readonly Server[] {
  return state.membership.current?.voters.filter((voter) => voter.id !== state.options.id) ?? [];
}

/** A figure of every voter: `own` of this one. */
export function ofVoters(
  state: State,
  own: number,
  leader: Leader,
  figure: (progress: Progress) => number,
): number[] {
  return (state.membership.current?.voters ?? []).map(({ id }) => {
    const progress = leader.progress.get(id);
    return progress ? figure(progress) : id === state.options.id ? own : -Infinity;
  });
}
