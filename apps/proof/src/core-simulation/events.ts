// What was planned comes to pass: messages, ends of writes and timers reach the node they are for,
// as inputs; while it is paused they wait.
import { armTimer, localNow } from "./clock.js";
import { endWrite } from "./disk.js";
import { noteTrouble } from "./install-watch.js";
import { applyWaiting, failSync, step } from "./member.js";
import { describe, weightOf } from "./message-trace.js";
import { reportLoss } from "./network.js";
import type { SimulationEvent, Member, World } from "./world.js";

/** What a paused node's connections hold for it. */
const INBOX_MAX = 5_000;

/** Carries out what was planned. */
export function processEvent(world: World, event: SimulationEvent): void {
  if (event.kind === "action") {
    event.action?.();
    return;
  }
  const member = event.member ?? world.members[event.number];
  if (!member?.raft || (event.member && member.run !== event.run)) {
    if (event.kind === "deliver" && event.from && event.message && world.settings.reportsLoss) {
      reportLoss(world, event.from, event.number, undefined);
    }
    return;
  }
  if (event.kind === "written") onWritten(world, member, event);
  else if (event.kind === "timer" && member.timerAt !== world.now) return;
  else hear(world, member, event);
}

function onWritten(world: World, member: Member, event: SimulationEvent): void {
  const seq = endWrite(world, member);
  if (seq === "failed") failSync(world, member);
  else if (seq !== undefined) {
    event.number = seq;
    hear(world, member, event);
  }
}

/** What a node is told; while it is paused it waits. */
function hear(world: World, member: Member, event: SimulationEvent): void {
  if (member.pausedUntil > world.now) {
    if (event.kind === "timer") member.timerAt = Infinity;
    else if (member.inbox.length < INBOX_MAX) member.inbox.push(event);
    return;
  }
  switch (event.kind) {
    case "deliver":
      receive(world, member, event);
      break;
    case "written":
      world.trace.mix(4, member.number, event.number, member.disk.log.lastIndex);
      if (world.trace.isFull) {
        world.trace.line(
          world.now,
          `${member.id} has written ${event.number}: its disk holds the log up to ${member.disk.log.lastIndex}`,
        );
      }
      step(world, member, { type: "persisted", seq: event.number });
      break;
    case "timer":
      member.timerAt = Infinity;
      if (member.raft && localNow(world, member) >= member.raft.deadline) {
        step(world, member, { type: "tick" });
      } else armTimer(world, member);
      break;
    case "machine":
      applyWaiting(world, member);
      break;
    case "snapshot":
      event.action?.();
      break;
    case "unreachable": {
      const { message } = event;
      step(world, member, { type: "unreachable", peer: world.members[event.number]?.id ?? "" });
      if (message?.type === "forward" && member.raft) {
        step(world, member, { type: "forwardNotSent", firstSeq: message.firstSeq });
      }
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
  if (world.trace.isFull) {
    world.trace.line(world.now, `${member.id} goes on, ${member.inbox.length} events waiting`);
  }
  const { inbox, run } = member;
  member.inbox = [];
  if (!world.settings.politeAfterPause) step(world, member, { type: "tick" });
  for (const event of inbox) {
    if (member.raft && member.run === run) hear(world, member, event);
  }
  if (member.raft) armTimer(world, member);
}

function receive(world: World, member: Member, { from, sender, message }: SimulationEvent): void {
  if (!from || !sender || !message) return;
  if (message.type === "appendEntriesReply") {
    const peer = member.unanswered[from.number];
    if (peer) peer.messages = peer.bytes = 0;
  }
  if (message.type === "installSnapshot") {
    member.heardAttempt = message.attempt;
    const { receiving } = member;
    const isLate = receiving?.term !== message.term || receiving.attempt !== message.attempt;
    if (receiving && isLate) noteTrouble(world, member, "mixed");
  }
  world.trace.mix(5, member.number * 8 + from.number, message.term, weightOf(message));
  if (world.trace.isFull) {
    world.trace.line(world.now, `${from.id} > ${member.id} ${describe(message)}`);
  }
  const wasLeader = member.role === "leader";
  const { currentTerm } = member;
  step(world, member, { type: "receive", from: sender, message });
  if (wasLeader && member.currentTerm > currentTerm) {
    world.invariants.deposed(member, sender, message);
  }
}
