// Messages on their way: each link has its delay, and whatever is wrong with it now. What a fault
// does to a packet counts for the sender's role and for the receiver's.
import type { Message } from "@raftkit/core";
import { decodeMessage, messageHeader, messagePayload } from "@raftkit/core";
import type { FaultKind } from "../plans/plan.js";
import { noteChangeTrouble } from "./change-watch.js";
import { areConnected } from "./connections.js";
import { noteTrouble } from "./install-watch.js";
import type { Link, Member, World } from "./world.js";
import { broken, count, plan } from "./world.js";

/** Further behind than this a slow link drops what comes. ms */
const BACKLOG_MS = 2_000;

export function transmit(world: World, from: Member, to: number, message: Message): void {
  const {
    settings,
    random: { network: random },
    now,
  } = world;
  const link = world.links[from.number * world.members.length + to];
  const receiver = world.members[to];
  if (!link || !receiver) return;
  if (world.plan.founders !== undefined && !areConnected(from, receiver)) return;
  let at =
    now +
    settings.delayMs +
    (settings.delaySpanMs > 0 ? random.integer(settings.delaySpanMs + 1) : 0);
  if (link.faults.length > 0) {
    const later = disturbed(world, link, from, to, message);
    if (later === undefined) return;
    at += later;
  }
  if (
    settings.ordered &&
    (link.faults.length === 0 ||
      !link.faults.some(
        ({ kind }) => kind === "reorder" || (kind === "slowLink" && overtakes(world, message)),
      ))
  ) {
    at = link.lastAt = Math.max(at, link.lastAt);
  }
  const carried = settings.overTheWire ? overTheWire(world, message) : inOneRun(message);
  if (carried) {
    world.wheel.add(at, {
      kind: "deliver",
      member: undefined,
      run: 0,
      from,
      sender: from.sender,
      message: carried,
      number: to,
      action: undefined,
      next: undefined,
    });
  }
}

/**
 * What carries no entries doesn't wait behind what does, as where large frames travel in pieces.
 */
function overtakes({ settings }: World, message: Message): boolean {
  return settings.smallOvertakes && messagePayload(message).length === 0;
}

/** @returns how much later it arrives; undefined: never */
function disturbed(
  world: World,
  link: Link,
  from: Member,
  to: number,
  message: Message,
): number | undefined {
  const {
    random: { network: random },
    now,
  } = world;
  link.faults = link.faults.filter(({ until }) => until > now);
  let later = 0;
  let copyLater = 0;
  const took: FaultKind[] = [];
  for (const { kind, severity } of link.faults) {
    switch (kind) {
      case "cutOneWay":
      case "partition":
      case "bridge":
        lose(world, kind, from, to, message);
        return undefined;
      case "loss":
        if (!random.chance(0.05 + 0.9 * severity)) break;
        lose(world, kind, from, to, message);
        return undefined;
      case "delay":
        later += 1 + random.integer(20 + Math.floor(400 * severity));
        took.push(kind);
        break;
      case "reorder":
        if (!random.chance(0.5)) break;
        later += 1 + random.integer(5 + Math.floor(200 * severity));
        took.push(kind);
        break;
      case "slowLink": {
        took.push(kind);
        const takesMs = sizeOf(message) * (0.01 + 0.2 * severity);
        if (overtakes(world, message)) {
          later += Math.ceil(takesMs);
          break;
        }
        link.freeAt = Math.min(Math.max(link.freeAt, now) + takesMs, now + BACKLOG_MS);
        later += Math.ceil(link.freeAt - now);
        break;
      }
      case "duplicate": {
        if (!random.chance(0.1 + 0.8 * severity)) break;
        copyLater = 1 + random.integer(2 + Math.floor(500 * severity));
        took.push(kind);
        break;
      }
      default:
        break;
    }
  }
  // Whatever else was done to a packet that is lost had no effect.
  for (const kind of took) countBoth(world, kind, from, to);
  if (took.length > 0 && message.type === "installSnapshot") {
    for (const kind of took) noteLink(world, kind === "duplicate" ? "doubled" : "late", to);
  }
  // Only what isn't lost: of that the sender may be told that it certainly was.
  if (copyLater > 0) {
    world.wheel.add(now + copyLater, {
      kind: "deliver",
      member: undefined,
      run: 0,
      from,
      sender: from.sender,
      message: inOneRun(message),
      number: to,
      action: undefined,
      next: undefined,
    });
  }
  return later;
}

/** Sometimes the sender hears of it. */
function lose(world: World, kind: FaultKind, from: Member, to: number, message: Message): void {
  countBoth(world, kind, from, to);
  if (message.type === "installSnapshot") noteLink(world, "lost", to);
  if (kind !== "loss") noteChangeTrouble(world, "cut");
  if (world.trace.isFull) {
    world.trace.line(
      world.now,
      `${from.id} > ${world.members[to]?.id ?? ""} ${message.type} lost: ${kind}`,
    );
  }
  if (world.settings.reportsLoss && world.random.network.chance(0.3)) {
    reportLoss(world, from, to, message);
  }
}

/** @param message what was certainly not delivered, not even a copy of it */
export function reportLoss(
  world: World,
  from: Member,
  to: number,
  message: Message | undefined,
): void {
  const peer = world.members[to]?.id ?? "";
  if (from.raft === undefined) return;
  plan(world, world.now + 1, "unreachable", from, { number: to, message });
  world.trace.mix(1, from.number, to, 0);
  if (world.trace.isFull) {
    world.trace.line(world.now, `${from.id} is told that ${peer} can't be reached`);
  }
}

function countBoth(world: World, kind: FaultKind, from: Member, to: number): void {
  count(world, kind, from);
  const receiver = world.members[to];
  if (receiver?.raft) count(world, kind, receiver);
}

function noteLink(world: World, trouble: "lost" | "late" | "doubled", to: number): void {
  const receiver = world.members[to];
  if (receiver?.raft) noteTrouble(world, receiver, trouble);
}

function sizeOf(message: Message): number {
  if (message.type === "appendEntries") {
    return message.entries.reduce((sum, run) => sum + run.bytes.length, 60);
  }
  if (message.type === "installSnapshot") return 100 + message.data.length;
  return message.type === "forward" ? 40 + message.entries.bytes.length : 60;
}

/** As it arrives: the bytes beside a header are one run (`decodeMessage`). */
function inOneRun(message: Message): Message {
  if (message.type !== "appendEntries" || message.entries.length < 2) return message;
  const count = message.entries.reduce((sum, run) => sum + run.count, 0);
  const bytes = joined(message.entries.map((run) => run.bytes));
  return { ...message, entries: [{ firstIndex: message.prevLogIndex + 1, count, bytes }] };
}

/** In an array of their own, never a view of Buffer's pool. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/**
 * As its receiver understands it: through the checks for what comes from outside, its bytes its
 * own. Codecs are for the cluster simulation.
 */
function overTheWire(world: World, message: Message): Message | undefined {
  const decoded = decodeMessage(messageHeader(message), joined(messagePayload(message)));
  if (!decoded) broken(world, "wire", `no receiver would understand ${JSON.stringify(message)}`);
  return decoded;
}
