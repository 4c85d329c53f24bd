// A membership change that this node's operator requests: a leader makes it, every other node asks
// the leader.
import { changeMembers } from "../operations/configuration-change.js";
import type { WantedMembers } from "../operations/configuration-change.js";
import { emit, send } from "../operations/emit.js";
import { configurationIndex } from "../operations/membership.js";
import { memberOf } from "../operations/voters.js";
import type { ChangeMembership, MembershipVerdict } from "../protocol/messages.js";
import type { Leader, State } from "../state/state.js";
import { leaderOf } from "../state/state.js";
import type { Sender } from "../types.js";

/** So many of the longest election timeouts an answer of the leader is awaited. */
const AWAITED_TIMEOUTS = 2;

export function onChangeMembership(state: State, id: number, wanted: WantedMembers): void {
  if (state.role.kind === "leader") {
    const verdict = changeMembers(state, state.role, wanted);
    emit(state, { type: "membershipVerdict", id, verdict });
    return;
  }
  const leader = leaderOf(state);
  if (!leader) {
    emit(state, { type: "membershipVerdict", id, verdict: { type: "notLeader" } });
    return;
  }
  const awaitedUntil = state.now + AWAITED_TIMEOUTS * state.options.electionTimeoutMs.max;
  state.pendingChanges.set(id, { to: leader, awaitedUntil });
  const { expected, voters, learners } = wanted;
  send(state, leader.id, {
    type: "changeMembership",
    to: leader.incarnation,
    term: state.currentTerm,
    id,
    expected,
    voters,
    learners,
  });
}

/** Another member asks. */
export function onChangeMembershipAsked(
  state: State,
  from: Sender,
  message: ChangeMembership,
): void {
  if (!memberOf(state, from)) {
    emit(state, { type: "dropped", from, reason: "notMember", disconnect: false });
    return;
  }
  const { role } = state;
  const verdict: MembershipVerdict =
    role.kind === "leader" ? verdictFor(state, role, from, message) : { type: "notLeader" };
  answerChange(state, from, message.id, verdict);
}

/**
 * A copy of its last question gets the same answer, and an earlier one comes too late: so whoever
 * has any answer knows that nothing that it asked before will be done any more.
 */
function verdictFor(
  state: State,
  leader: Leader,
  { id: asker, run }: Sender,
  message: ChangeMembership,
): MembershipVerdict {
  const progress = leader.progress.get(asker);
  const last = progress?.lastChange;
  if (last?.run === run && message.id <= last.id) {
    return message.id === last.id
      ? last.verdict
      : { type: "stale", index: configurationIndex(state) };
  }
  const verdict = changeMembers(state, leader, message);
  if (progress) progress.lastChange = { run, id: message.id, verdict };
  return verdict;
}

export function answerChange(
  state: State,
  to: Sender,
  id: number,
  verdict: MembershipVerdict,
): void {
  send(state, to.id, {
    type: "changeMembershipReply",
    to: to.incarnation,
    term: state.currentTerm,
    run: to.run,
    id,
    verdict,
  });
}
