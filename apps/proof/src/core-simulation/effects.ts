// What a node asks for is carried out here, at once, and shown to the invariants: it sends, writes,
// applies, and tells what became of it. What ends a run or begins another step is not decided here.
import type { Effect, EntryRun } from "@raftkit/core";
import {
  ENTRY_HEADER_BYTES,
  ENTRY_KIND_OFFSET,
  EntryKind,
  entryLength,
  entryTerm,
} from "@raftkit/core";
import { nameOf } from "../invariants/view.js";
import { noteAppended, noteCommitted, noteLeader, noteTruncated } from "./change-watch.js";
import { noteVerdict } from "./questions.js";
import { measureForwards, measureUncommitted, measureWindow } from "./bounds.js";
import { submit } from "./disk.js";
import { noteWrite } from "./install-watch.js";
import { applyEntry, copyMachine } from "./machine.js";
import { transmit } from "./network.js";
import { abort, capture, install, read, release, write } from "./snapshot-lane.js";
import type { StoredSnapshot } from "./snapshot-state.js";
import type { Member, World } from "./world.js";
import { broken } from "./world.js";

type EffectOf<Type extends Effect["type"]> = Extract<Effect, { readonly type: Type }>;

/** Carries out what leads to no further input of the same node at once. */
export function perform(
  world: World,
  member: Member,
  effect: Exclude<Effect, EffectOf<"apply" | "restore" | "failed">>,
): void {
  switch (effect.type) {
    case "send":
      send(world, member, effect);
      break;
    case "persist":
      persist(world, member, effect);
      break;
    case "committed":
      commit(world, member, effect);
      break;
    case "role":
      changeRole(world, member, effect);
      break;
    case "accepted":
    case "rejected":
    case "unknown":
      member.forwards.delete(effect.firstSeq);
      world.clients.onProposal(member, effect);
      break;
    case "readReady":
    case "readRejected":
      world.clients.onRead(member, effect);
      break;
    case "dropped":
      drop(world, member, effect);
      break;
    case "takeSnapshot":
      if (world.settings.snapshots) capture(world, member);
      break;
    case "readSnapshot":
      read(world, member, effect);
      break;
    case "releaseSnapshot":
      release(member, effect);
      break;
    case "writeSnapshot":
      noteWrite(world, member, effect);
      write(world, member, effect);
      break;
    case "commitSnapshot":
      install(world, member, effect);
      break;
    case "abortSnapshot":
      abort(world, member, effect.install);
      break;
    case "configure":
      if (world.plan.founders !== undefined) {
        member.dials = new Set(effect.peers.map(({ address }) => address));
      }
      break;
    case "membership":
      // What is sent to whoever comes begins anew.
      for (const peer of member.unanswered) peer.messages = peer.bytes = 0;
      break;
    case "membershipVerdict":
      noteVerdict(world, member, effect.id, effect.verdict);
      break;
    case "transferred":
    case "transferRejected":
      noteVerdict(world, member, effect.id, effect);
      break;
    case "notice":
      noteNotice(world, member, effect);
      break;
    case "voteRefused":
      noteRefusal(world, member, effect);
      break;
    case "diverged":
    case "removed":
    case "introduced":
      break;
  }
}

function send(world: World, member: Member, effect: EffectOf<"send">): void {
  const to = world.byId.get(effect.to);
  if (to === undefined) return;
  world.invariants.sending(member, effect.to, effect.message);
  if (effect.message.type === "appendEntries") measureWindow(world, member, to, effect.message);
  else if (effect.message.type === "forward") {
    member.forwards.add(effect.message.firstSeq);
    measureForwards(world, member);
  }
  transmit(world, member, to, effect.message);
}

function persist(world: World, member: Member, { seq, operations }: EffectOf<"persist">): void {
  const { invariants, trace } = world;
  for (const operation of operations) {
    switch (operation.type) {
      case "hardState":
        member.currentTerm = operation.hardState.currentTerm;
        member.votedFor = operation.hardState.votedFor;
        invariants.changed(member);
        break;
      case "truncateFrom":
        invariants.truncating(member, operation.index);
        noteTruncated(world, member, operation.index);
        member.log.apply(operation);
        break;
      case "append":
        member.log.apply(operation);
        invariants.appended(member, operation.run.firstIndex);
        if (member.role === "leader") onLeaderAppended(world, member, operation.run);
        break;
      case "compactThrough":
        invariants.compacting(member, operation.index);
        member.log.apply(operation);
        world.snapshotCounts.compactions++;
        break;
      case "resetTo":
        invariants.resetting(member, operation.index);
        member.log.apply(operation, member.disk.snapshot?.content?.entries);
        break;
    }
  }
  trace.mix(8, member.number, seq, member.log.chain(member.log.lastIndex));
  if (trace.isFull) {
    trace.line(
      world.now,
      `${member.id} writes ${seq}: ${operations.map(({ type }) => type).join(", ")}; term ${member.currentTerm}, vote ${nameOf(member.votedFor)}, log up to ${member.log.lastIndex}`,
    );
  }
  submit(world, member, seq, operations);
}

function onLeaderAppended(world: World, member: Member, run: EntryRun): void {
  const kind = run.bytes[ENTRY_KIND_OFFSET];
  if (kind === EntryKind.configuration) noteAppended(world, member, run);
  else if (kind === EntryKind.command) {
    measureUncommitted(world, member);
    if (run.firstIndex + run.count - 1 > member.transferIndex) {
      broken(world, "transfer", `${member.id} takes a command while it hands its leadership on`);
    }
  }
}

function noteNotice(world: World, member: Member, { notice }: EffectOf<"notice">): void {
  // What was taken before in this turn isn't written yet.
  if (notice === "transferring") member.transferIndex = member.raft?.status.lastIndex ?? Infinity;
  if (notice !== "transferCalledOff") return;
  member.transferIndex = Infinity;
  member.hasCalledOff = true;
}

/** A voter that has heard nobody since it was started refuses, for what it promised before. */
function noteRefusal(world: World, member: Member, { reason }: EffectOf<"voteRefused">): void {
  if (reason !== "leaderLive" || member.leaseDriftRate === undefined) return;
  const isFresh = member.role === "follower" && !member.hasHeardLeader;
  if (isFresh) world.coverage.countCell("lease restarted");
}

function commit(world: World, member: Member, effect: EffectOf<"committed">): void {
  const { trace } = world;
  trace.mix(6, member.number, effect.commitIndex, 0);
  if (trace.isFull) trace.line(world.now, `${member.id} commits ${effect.commitIndex}`);
  if (effect.commitIndex <= member.commitIndex) {
    broken(
      world,
      "monotonic",
      `${member.id} commits ${effect.commitIndex} after ${member.commitIndex}`,
    );
  }
  member.commitIndex = effect.commitIndex;
  noteCommitted(world, member);
}

function changeRole(world: World, member: Member, effect: EffectOf<"role">): void {
  const { trace } = world;
  trace.mix(7, member.number, effect.term, effect.role.length);
  if (trace.isFull) {
    trace.line(
      world.now,
      `${member.id} is ${effect.role} in term ${effect.term}, leader ${effect.leaderId ?? "unknown"}`,
    );
  }
  if (effect.term !== member.currentTerm) member.votedFor = null;
  member.currentTerm = effect.term;
  member.role = effect.role;
  member.transferIndex = Infinity;
  member.hasCalledOff = false;
  if (effect.leaderId !== null) member.hasHeardLeader = true;
  if (effect.role === "leader") noteLeader(world, member);
  for (const peer of member.unanswered) peer.messages = peer.bytes = 0;
  world.invariants.changed(member);
  world.unsettled = true;
}

function drop(world: World, member: Member, effect: EffectOf<"dropped">): void {
  const { trace } = world;
  if (trace.isFull) {
    trace.line(world.now, `${member.id} drops a message of ${effect.from.id}: ${effect.reason}`);
  }
  if (effect.reason === "impossible") {
    broken(
      world,
      "impossible-claim",
      `${member.id} was told by ${effect.from.id} what can't be, though nobody lies`,
    );
  }
}

/** At the end of a turn, when the log that the commit index speaks of is known. */
export function checkCommit(world: World, member: Member): void {
  const before = member.checkedCommit;
  if (member.commitIndex <= before) return;
  member.checkedCommit = member.commitIndex;
  world.invariants.committed(member, before);
  if (world.phase === "bootstrapping" || world.phase === "electing") world.unsettled = true;
}

/** Hands the machine what is committed, entry by entry. */
export function applyRun(
  world: World,
  member: Member,
  { firstIndex, count: entries, bytes }: EntryRun,
): void {
  const { machine } = member;
  let offset = 0;
  for (let index = firstIndex; index < firstIndex + entries; index++) {
    const term = entryTerm(bytes, offset);
    applyEntry(
      machine,
      index,
      term,
      bytes,
      offset + ENTRY_HEADER_BYTES,
      bytes[offset + ENTRY_KIND_OFFSET] === EntryKind.command,
    );
    offset += ENTRY_HEADER_BYTES + entryLength(bytes, offset);
    member.lastApplied = index;
    member.stateHash = machine.hash;
    world.invariants.applied(member);
    world.trace.mix(9, member.number, index, machine.hash);
    world.clients.onApplied(member, index, term);
  }
}

/** Gives the machine the state of a snapshot. @returns whether that can be read */
export function restoreMachine(
  world: World,
  member: Member,
  { meta, view, capture: found }: StoredSnapshot,
): boolean {
  if (!found || member.snapshots.rot !== undefined) return false;
  member.machine = copyMachine(found.machine);
  member.lastApplied = meta.index;
  member.stateHash = member.machine.hash;
  world.snapshotCounts.restores++;
  world.invariants.restored(member, view);
  world.trace.mix(12, member.number, meta.index, member.stateHash);
  if (world.trace.isFull) world.trace.line(world.now, `${member.id} restores ${meta.index}`);
  world.clients.onRestored(member);
  return true;
}
