// What goes wrong while the members change, for the coverage matrix: which change it is, by the
// first configuration that a leader appends for it, and each trouble until the configuration to
// which that leads is committed.
import type { Configuration, EntryRun, Index } from "@raftkit/core";
import type { ChangeCase, ChangeTrouble } from "../plans/coverage.js";
import { changeCaseOf } from "../plans/member-changes.js";
import type { Verdict } from "./operators-state.js";
import type { Member, World } from "./world.js";

export function noteChangeTrouble(world: World, trouble: ChangeTrouble): void {
  const { change } = world.operators;
  if (!change) return;
  change.isTroubled = true;
  world.coverage.countChange(change.kind, trouble);
}

/** A leader may have appended a configuration. */
export function noteAppended(world: World, { id, log, currentTerm }: Member, run: EntryRun): void {
  const { configurations } = log;
  const last = configurations.at(-1);
  const before = configurations.at(-2);
  if (!last || !before || last.index < run.firstIndex) return;
  if (last.configuration.outgoing.length === 0 && before.configuration.outgoing.length > 0) return;
  const { operators } = world;
  if (operators.change) noteChangeTrouble(world, "takenBack");
  // Some faults wait for this.
  world.unsettled = true;
  operators.change = {
    kind: caseOf(world, id, before.configuration, last.configuration),
    index: last.index,
    term: currentTerm,
    leader: id,
    isTroubled: false,
  };
}

function caseOf(
  { members }: World,
  leader: string,
  before: Configuration,
  now: Configuration,
): ChangeCase {
  return changeCaseOf(
    leader,
    before,
    now,
    (one) =>
      members.some(({ id, incarnation }) => id === one.id && incarnation !== one.incarnation),
    (one) => members.some((it) => it.incarnation === one.incarnation && it.isBlankAgain),
  );
}

/** Somebody committed more: perhaps the change with it. */
export function noteCommitted(world: World, { log, commitIndex }: Member): void {
  const { change } = world.operators;
  if (!change || commitIndex < change.index) return;
  const last = log.configurations.findLast(({ index }) => index <= commitIndex);
  if (!last || last.index < change.index || last.configuration.outgoing.length > 0) return;
  if (!change.isTroubled) world.coverage.countChange(change.kind, "nothing");
  world.operators.change = undefined;
}

export function noteLeader(world: World, { id, currentTerm }: Member): void {
  world.operators.leaders.set(currentTerm, id);
  const { change } = world.operators;
  if (change && currentTerm > change.term) noteChangeTrouble(world, "newLeader");
}

/** An entry was cut from a log: perhaps the one with which the change began. */
export function noteTruncated(world: World, member: Member, index: Index): void {
  const { change } = world.operators;
  if (change && index <= change.index && member.id === change.leader) {
    noteChangeTrouble(world, "takenBack");
  }
}

/** Somebody else's change was under way, or came first. */
export function noteRival(world: World, verdict: Verdict | undefined): void {
  if (verdict?.type === "inProgress" && world.operators.busy > 1) noteChangeTrouble(world, "rival");
}

export function noteTransfer(world: World): void {
  noteChangeTrouble(world, "transfer");
}
