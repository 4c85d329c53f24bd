// What was planned comes to pass: messages, ends of writes and timers reach the node they are for,
// as inputs; while it is paused they wait.
import { armTimer, localNow } from "./clock.js";
import { endWrite } from "./disk.js";
import { applyWaiting, failSync, step } from "./member.js";
import { describe, weightOf } from "./message-trace.js";
import { reportLoss } from "./network.js";
import type { Happening, Member, World } from "./world.js";

/** What a paused node's connections hold for it. */
const INBOX_MAX = 5_000;

/** Carries out what was planned. */
export function happen(world: World, happening: Happening): void {
  if (happening.kind === "action") {
    happening.action?.();
    return;
  }
  const member = happening.member ?? world.members[happening.number];
  if (!member?.raft || (happening.member && member.run !== happening.run)) {
    if (
      happening.kind === "deliver" &&
      happening.from &&
      happening.message &&
      world.settings.reportsLoss
    ) {
      reportLoss(world, happening.from, happening.number, undefined);
    }
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
      if (world.trace.isFull) {
        world.trace.line(
          world.now,
          `${member.id} has written ${happening.number}: its disk holds the log up to ${member.disk.log.lastIndex}`,
        );
      }
      step(world, member, { type: "persisted", seq: happening.number });
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
    case "unreachable": {
      const { message } = happening;
      step(world, member, { type: "unreachable", peer: world.members[happening.number]?.id ?? "" });
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
    world.trace.line(world.now, `${member.id} goes on, ${member.inbox.length} happenings waiting`);
  }
  const { inbox, run } = member;
  member.inbox = [];
  if (!world.settings.politeAfterPause) step(world, member, { type: "tick" });
  for (const happening of inbox) {
    if (member.raft && member.run === run) hear(world, member, happening);
  }
  if (member.raft) armTimer(world, member);
}

function receive(world: World, member: Member, { from, sender, message }: Happening): void {
  if (!from || !sender || !message) return;
  if (message.type === "appendEntriesReply") {
    const peer = member.unanswered[from.number];
    if (peer) peer.messages = peer.bytes = 0;
  }
  world.trace.mix(5, member.number * 8 + from.number, message.term, weightOf(message));
  if (world.trace.isFull) {
    world.trace.line(world.now, `${from.id} > ${member.id} ${describe(message)}`);
  }
  step(world, member, { type: "receive", from: sender, message });
}
