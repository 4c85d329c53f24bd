// One node: `Raft` from core, unchanged, told what happens and obeyed at once. What it asks for is carried out here, and
// what it did is shown to the invariants.
import type { Effect, EntryRun, Input, Message } from "@raftkit/core";
import { ENTRY_HEADER_BYTES, ENTRY_KIND_OFFSET, EntryKind, entryLength, entryTerm, Raft } from "@raftkit/core";
import type { SeededRandom } from "../../random.js";
import { createLogShadow } from "../view.js";
import { armTimer, localNow } from "./clock.js";
import { createDisk, endDisk, endWrite, makeDurable, submit } from "./disk.js";
import { applyEntry, createMachine } from "./machine.js";
import { reportLoss, transmit } from "./network.js";
import type { Happening, Member, World } from "./world.js";
import { broken, count, plan, planAction } from "./world.js";

/** What a paused node's connections hold for it. */
const INBOX_MAX = 5_000;
const FORMING_RESTART_MS = 300;

export function createMember(plan: World["plan"], number: number, generation: number, random: SeededRandom): Member {
  const id = `n${number + 1}`;
  const incarnation = `${id}-data-directory-${generation}`;
  return {
    number, id, incarnation, isWiped: false, role: "follower", currentTerm: 0, votedFor: null, commitIndex: 0, lastApplied: 0, stateHash: 0,
    log: createLogShadow(), disk: createDisk(), isBlankAgain: generation > 1, isLost: false, raft: undefined, sender: { id, incarnation, run: 0 }, run: 0,
    random: random.fork(`raft/${id}/${generation}`).next, machine: createMachine(plan.load.keys), applying: [],
    clockBase: number * 1_000, clockSince: 0, clockRate: 1, timerAt: Infinity, turnWaits: false, checkedCommit: 0, pausedUntil: 0, inbox: [],
    nextSeq: 1, unanswered: Array.from({ length: plan.nodes }, () => ({ messages: 0, bytes: 0 })), forwards: new Set(),
  };
}

export function start(world: World, member: Member): void {
  const { settings, trace } = world;
  const { disk } = member;
  member.run++;
  member.sender = { id: member.id, incarnation: member.incarnation, run: member.run };
  if (!settings.durableMachine) member.machine = createMachine(world.plan.load.keys);
  const applied = settings.durableMachine ? member.lastApplied : 0;
  Object.assign(member, {
    role: "follower", currentTerm: disk.currentTerm, votedFor: disk.votedFor, commitIndex: applied, lastApplied: applied, checkedCommit: applied, stateHash: member.machine.hash,
    applying: [], timerAt: Infinity, turnWaits: false, pausedUntil: 0, inbox: [], nextSeq: 1,
  });
  member.log.copyFrom(disk.log);
  member.forwards.clear();
  for (const peer of member.unanswered) peer.messages = peer.bytes = 0;
  trace.mix(2, member.number, member.run, disk.log.chain(disk.log.lastIndex));
  if (trace.isFull) trace.line(world.now, `${member.id} starts (run ${member.run}): term ${disk.currentTerm}, vote ${disk.votedFor ?? "none"}, log up to ${disk.log.lastIndex}`);
  member.raft = new Raft(
    { ...settings.options, id: member.id, incarnation: member.incarnation, run: member.run, bootstrap: world.bootstrap, random: member.random },
    { hardState: { currentTerm: disk.currentTerm, votedFor: disk.votedFor }, base: { index: 0, term: 0 }, entries: [...disk.runs], applied },
  );
  world.invariants.started(member);
  world.unsettled = true;
  step(world, member, { type: "tick" });
}

/** The run ends: nothing of it reaches anything any more. */
export function stop(world: World, member: Member, powerCut: boolean): void {
  if (!member.raft) return;
  member.raft = undefined;
  member.role = "follower";
  member.inbox = [];
  endDisk(world, member, powerCut);
  world.clients.onStopped(member);
  world.unsettled = true;
  world.trace.mix(3, member.number, member.disk.log.lastIndex, member.disk.currentTerm);
  if (world.trace.isFull) world.trace.line(world.now, `${member.id} ends: its disk holds term ${member.disk.currentTerm}, vote ${member.disk.votedFor ?? "none"}, log up to ${member.disk.log.lastIndex}`);
}

/** Starts it again after so many milliseconds, unless that happened by then. */
export function restartIn(world: World, member: Member, ms: number): void {
  const { run } = member;
  planAction(world, world.now + ms, () => {
    if (member.run === run && !member.raft && !member.isLost && world.members[member.number] === member) start(world, member);
  });
}

/** Carries out what was planned. */
export function happen(world: World, happening: Happening): void {
  if (happening.kind === "action") {
    happening.action?.();
    return;
  }
  const member = happening.member ?? world.members[happening.number];
  if (!member?.raft || (happening.member && member.run !== happening.run)) {
    if (happening.kind === "deliver" && happening.from && happening.message && world.settings.reportsLoss) reportLoss(world, happening.from, happening.number, undefined);
    return;
  }
  if (happening.kind === "written") onWritten(world, member, happening);
  else if (happening.kind === "timer" && member.timerAt !== world.now) return;
  else hear(world, member, happening);
}

function onWritten(world: World, member: Member, happening: Happening): void {
  const seq = endWrite(world, member);
  if (seq === "failed") failSync(world, member);
  else if (seq !== undefined) {
    happening.number = seq;
    hear(world, member, happening);
  }
}

/** What a node is told; while it is paused it waits. */
function hear(world: World, member: Member, happening: Happening): void {
  if (member.pausedUntil > world.now) {
    if (happening.kind === "timer") member.timerAt = Infinity;
    else if (member.inbox.length < INBOX_MAX) member.inbox.push(happening);
    return;
  }
  switch (happening.kind) {
    case "deliver":
      receive(world, member, happening);
      break;
    case "written":
      world.trace.mix(4, member.number, happening.number, member.disk.log.lastIndex);
      if (world.trace.isFull) world.trace.line(world.now, `${member.id} has written ${happening.number}: its disk holds the log up to ${member.disk.log.lastIndex}`);
      step(world, member, { type: "persisted", seq: happening.number });
      break;
    case "timer":
      member.timerAt = Infinity;
      if (member.raft && localNow(world, member) >= member.raft.deadline) step(world, member, { type: "tick" });
      else armTimer(world, member);
      break;
    case "machine":
      applyWaiting(world, member);
      break;
    case "unreachable": {
      const { message } = happening;
      step(world, member, { type: "unreachable", peer: world.members[happening.number]?.id ?? "" });
      if (message?.type === "forward" && member.raft) step(world, member, { type: "forwardNotSent", firstSeq: message.firstSeq });
      break;
    }
    case "action":
      break;
  }
}

/** A pause is over: what waited is heard, and the timers ring. */
export function resume(world: World, member: Member): void {
  if (!member.raft || member.pausedUntil === 0) return;
  member.pausedUntil = 0;
  world.unsettled = true;
  if (world.trace.isFull) world.trace.line(world.now, `${member.id} goes on, ${member.inbox.length} happenings waiting`);
  const { inbox, run } = member;
  member.inbox = [];
  if (!world.settings.politeAfterPause) step(world, member, { type: "tick" });
  for (const happening of inbox) if (member.raft && member.run === run) hear(world, member, happening);
  if (member.raft) armTimer(world, member);
}

function receive(world: World, member: Member, { from, sender, message }: Happening): void {
  if (!from || !sender || !message) return;
  if (message.type === "appendEntriesReply") {
    const peer = member.unanswered[from.number];
    if (peer) peer.messages = peer.bytes = 0;
  }
  world.trace.mix(5, member.number * 8 + from.number, message.term, weightOf(message));
  if (world.trace.isFull) world.trace.line(world.now, `${from.id} > ${member.id} ${describe(message)}`);
  step(world, member, { type: "receive", from: sender, message });
}

export function step(world: World, member: Member, input: Input): void {
  const { raft } = member;
  if (!raft) return;
  const effects = raft.step(localNow(world, member), input);
  const seen = world.tamper ? world.tamper(member, effects) : effects;
  for (const effect of seen) {
    perform(world, member, effect);
    if (member.raft !== raft) return;
  }
  const { deadline } = raft;
  if (deadline === -Infinity) {
    if (!world.settings.longTurns) step(world, member, { type: "tick" });
    else if (!member.turnWaits) {
      member.turnWaits = true;
      world.openTurns.push(member);
    }
    return;
  }
  checkCommit(world, member);
  if (deadline < Infinity) armTimer(world, member);
}

/** At the end of a turn, when the log that the commit index speaks of is known. */
function checkCommit(world: World, member: Member): void {
  const before = member.checkedCommit;
  if (member.commitIndex <= before) return;
  member.checkedCommit = member.commitIndex;
  world.invariants.committed(member, before);
  if (world.phase === "forming" || world.phase === "electing") world.unsettled = true;
}

function perform(world: World, member: Member, effect: Effect): void {
  const { trace } = world;
  switch (effect.type) {
    case "send": {
      const to = world.byId.get(effect.to);
      if (to === undefined) break;
      world.invariants.sending(member, effect.to, effect.message);
      if (effect.message.type === "appendEntries") measureWindow(world, member, to, effect.message);
      else if (effect.message.type === "forward") {
        member.forwards.add(effect.message.firstSeq);
        world.invariants.measured(member, "forwards without an answer", member.forwards.size, world.settings.options.maxInflightMessages);
      }
      transmit(world, member, to, effect.message);
      break;
    }
    case "persist":
      persist(world, member, effect);
      break;
    case "apply":
      checkCommit(world, member);
      member.applying.push(...effect.entries);
      if (world.settings.machineMs === 0) applyWaiting(world, member);
      else plan(world, world.now + world.settings.machineMs, "machine", member);
      break;
    case "committed":
      trace.mix(6, member.number, effect.commitIndex, 0);
      if (trace.isFull) trace.line(world.now, `${member.id} commits ${effect.commitIndex}`);
      if (effect.commitIndex <= member.commitIndex) broken(world, "monotonic", `${member.id} commits ${effect.commitIndex} after ${member.commitIndex}`);
      member.commitIndex = effect.commitIndex;
      break;
    case "role":
      trace.mix(7, member.number, effect.term, effect.role.length);
      if (trace.isFull) trace.line(world.now, `${member.id} is ${effect.role} in term ${effect.term}, leader ${effect.leaderId ?? "unknown"}`);
      if (effect.term !== member.currentTerm) member.votedFor = null;
      member.currentTerm = effect.term;
      member.role = effect.role;
      for (const peer of member.unanswered) peer.messages = peer.bytes = 0;
      world.invariants.changed(member);
      world.unsettled = true;
      break;
    case "accepted": case "rejected": case "unknown":
      member.forwards.delete(effect.firstSeq);
      world.clients.onProposal(member, effect);
      break;
    case "readReady": case "readRejected":
      world.clients.onRead(member, effect);
      break;
    case "dropped":
      if (trace.isFull) trace.line(world.now, `${member.id} drops a message of ${effect.from.id}: ${effect.reason}`);
      if (effect.reason === "impossible") broken(world, "impossible-claim", `${member.id} was told by ${effect.from.id} what can't be, though nobody lies`);
      break;
    case "failed":
      onFailed(world, member, effect.error);
      break;
    case "configure": case "membership": case "notice":
      break;
  }
}

function onFailed(world: World, member: Member, error: Error): void {
  if ("code" in error && error.code === "STORAGE_LOST" && member.isBlankAgain) {
    if (world.trace.isFull) world.trace.line(world.now, `${member.id} stops for good: ${error.message}`);
    stop(world, member, false);
    // Before the cluster has formed it needs everybody: whoever runs it starts the node afresh.
    if (world.hasFormed) member.isLost = true;
    else restartIn(world, member, FORMING_RESTART_MS);
  } else broken(world, "failed", `${member.id} stopped by itself: ${error.message}`);
}

/** Between two answers of a peer a message leaves only while its window isn't full; a message holds more than its limit only for one large entry. */
function measureWindow(world: World, member: Member, to: number, message: Extract<Message, { readonly type: "appendEntries" }>): void {
  const peer = member.unanswered[to];
  if (!peer || message.entries.length === 0) return;
  const { maxInflightMessages, maxInflightBytes, maxMessageBytes } = world.settings.options;
  const { measured } = world.invariants;
  measured(member, "bytes without an answer", peer.bytes + 1, maxInflightBytes);
  let bytes = 0;
  let entries = 0;
  for (const run of message.entries) {
    bytes += run.bytes.length;
    entries += run.count;
  }
  if (entries > 1) measured(member, "bytes in one message", bytes, maxMessageBytes);
  peer.messages++;
  peer.bytes += bytes;
  measured(member, "messages without an answer", peer.messages, maxInflightMessages);
}

function persist(world: World, member: Member, { seq, operations }: Extract<Effect, { readonly type: "persist" }>): void {
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
        member.log.apply(operation);
        break;
      case "append":
        member.log.apply(operation);
        invariants.appended(member, operation.run.firstIndex);
        if (member.role === "leader" && operation.run.bytes[ENTRY_KIND_OFFSET] === EntryKind.command) measureUncommitted(world, member);
        break;
      default:
        broken(world, "harness", `no ${operation.type} is expected in tier 1`);
    }
  }
  trace.mix(8, member.number, seq, member.log.chain(member.log.lastIndex));
  if (trace.isFull) trace.line(world.now, `${member.id} writes ${seq}: ${operations.map(({ type }) => type).join(", ")}; term ${member.currentTerm}, vote ${member.votedFor ?? "none"}, log up to ${member.log.lastIndex}`);
  submit(world, member, seq, operations);
}

function measureUncommitted(world: World, member: Member): void {
  const { log, commitIndex } = member;
  world.invariants.measured(member, "uncommitted bytes", log.bytes(log.lastIndex) - log.bytes(commitIndex), world.settings.options.maxUncommittedBytes);
}

/** Hands the machine what is committed, entry by entry. */
function applyWaiting(world: World, member: Member): void {
  const { applying } = member;
  if (applying.length === 0 || !member.raft) return;
  member.applying = [];
  for (const run of applying) applyRun(world, member, run);
  step(world, member, { type: "applied", index: member.lastApplied });
}

function applyRun(world: World, member: Member, { firstIndex, count: entries, bytes }: EntryRun): void {
  const { machine } = member;
  let offset = 0;
  for (let index = firstIndex; index < firstIndex + entries; index++) {
    const term = entryTerm(bytes, offset);
    applyEntry(machine, index, term, bytes, offset + ENTRY_HEADER_BYTES, bytes[offset + ENTRY_KIND_OFFSET] === EntryKind.command);
    offset += ENTRY_HEADER_BYTES + entryLength(bytes, offset);
    member.lastApplied = index;
    member.stateHash = machine.hash;
    world.invariants.applied(member);
    world.trace.mix(9, member.number, index, machine.hash);
    world.clients.onApplied(member, index, term);
  }
}

/** A write failed: nobody knows what of it is durable. The node stops at once, as the runtime does, and is started again later. */
export function failSync(world: World, member: Member): void {
  count(world, "failedSync", member);
  if (world.trace.isFull) world.trace.line(world.now, `${member.id}'s disk fails a sync`);
  const { disk } = member;
  const { failedForMs } = disk;
  disk.failingUntil = 0;
  makeDurable(world, member, world.random.disk.integer(disk.writing + 1));
  stop(world, member, true);
  restartIn(world, member, failedForMs);
}

/** What goes into the hash of a message besides its type and term. */
function weightOf(message: Message): number {
  switch (message.type) {
    case "appendEntries": return message.prevLogIndex * 31 + message.leaderCommit * 7 + message.round * 3 + message.entries.length;
    case "appendEntriesReply": return message.matchIndex * 31 + message.verifiedIndex * 7 + message.round * 3 + (message.success ? 1 : 0);
    case "preVote": case "requestVote": return message.lastLogIndex * 31 + message.lastLogTerm;
    case "preVoteReply": case "requestVoteReply": return message.voteGranted ? 1 : 0;
    case "forward": return message.firstSeq;
    case "forwardReply": return message.firstSeq * 31 + message.firstIndex;
    case "readIndex": return message.id;
    case "readIndexReply": return message.id * 31 + message.readIndex;
    case "formingQuestion": return message.voters.length;
    case "formingAnswer": return message.blank ? 1 : 0;
  }
}

function describe(message: Message): string {
  const { type, to: _, ...rest } = message;
  return `${type} ${Object.entries(rest).map(([name, value]) => `${name} ${printed(value)}`).join(", ")}`;
}

function printed(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printed).join(" ")}]`;
  if (typeof value === "object" && value !== null && "firstIndex" in value && "count" in value) return `${String(value.count)} from ${String(value.firstIndex)}`;
  return JSON.stringify(value) ?? "";
}
