// The snapshot lane of a node: it captures and stores its own snapshots, reads for followers, and
// writes what the leader sends. Each piece of work takes its time; what was durable when the
// process ended is found by the next one, whether anybody was told or not.
import { crc32 } from "node:zlib";
import type { Effect, SnapshotPosition } from "@raftkit/core";
import { captureIn, captureNow } from "./captures.js";
import { checkInstalled, noteTrouble } from "./install-watch.js";
import type { StoredSnapshot } from "./snapshot-state.js";
import { viewOf } from "./snapshot-state.js";
import type { Member, World } from "./world.js";
import { plan } from "./world.js";

type EffectOf<Type extends Effect["type"]> = Extract<Effect, { readonly type: Type }>;

/** After a capture that failed, the next one. ms */
const RETRY_MS = 60;

/** In this run of the node, so much later than now and than `from`. */
function later(world: World, member: Member, work: () => void, from: number = world.now): number {
  const { snapshots: settings } = world.settings;
  const { snapshots: lane } = member;
  const slowMs = lane.slowUntil > world.now ? lane.slowMs : 0;
  const spanMs = settings?.laneMs ?? 0;
  const at = Math.max(from, world.now) + world.random.snapshots.integer(spanMs + 1) + slowMs;
  if (slowMs > 0) noteTrouble(world, member, "slow");
  plan(world, at, "snapshot", member, { action: work });
  return at;
}

/** Durable from now on, if there is room and nothing newer. */
function commit(
  world: World,
  member: Member,
  position: SnapshotPosition,
  data: Uint8Array,
): StoredSnapshot | undefined {
  const { snapshots: lane, disk } = member;
  if (lane.noRoomUntil > world.now) return undefined;
  if (lane.newest && lane.newest.meta.index > position.index) return undefined;
  const snapshotId = `${member.incarnation}-${member.run}-${++world.savedSnapshots}`;
  const capture = captureIn(world, data);
  const found: StoredSnapshot = {
    meta: { ...position, snapshotId, bytes: data.length, crc: crc32(data) },
    data,
    view: viewOf(position, capture),
    capture,
  };
  lane.newest = found;
  lane.rot = undefined;
  disk.snapshot = found.view;
  prune(member);
  lane.readable.set(snapshotId, found);
  world.trace.mix(11, member.number, position.index, capture?.number ?? 0);
  if (world.trace.isFull) {
    world.trace.line(world.now, `${member.id} has a durable snapshot at ${position.index}`);
  }
  world.invariants.saved(member);
  return found;
}

/** What nobody reads goes. */
function prune({ snapshots: { readable, readers, newest } }: Member): void {
  const pinned = new Set(readers.values());
  for (const id of readable.keys()) {
    if (!pinned.has(id) && id !== newest?.meta.snapshotId) readable.delete(id);
  }
}

/** The policy: when the log has grown by so much, or is nearly full. */
export function captureIfDue(world: World, member: Member): void {
  const { snapshots: settings, options } = world.settings;
  const { snapshots: lane, log, lastApplied } = member;
  if (!settings || lane.isCapturing) return;
  const isDue =
    log.bytes(lastApplied) - lane.capturedBytes > options.maxLogBytes / 2 ||
    log.bytes(log.lastIndex) - log.bytes(log.base.index) > 0.8 * options.maxLogBytes;
  if (isDue) captureNew(world, member);
}

/** Unless the newest one is as good. */
export function captureNew(world: World, member: Member): void {
  const { newest } = member.snapshots;
  if (member.lastApplied > (newest?.meta.index ?? 0)) capture(world, member);
}

/** Captures what is applied now, and stores it. */
export function capture(world: World, member: Member): void {
  const { snapshots: lane } = member;
  if (lane.isCapturing) {
    lane.mustCapture = true;
    return;
  }
  const index = member.lastApplied;
  const position = member.raft?.snapshotPositionAt(index);
  if (!position || index < (lane.newest?.meta.index ?? 0)) return;
  const { data } = captureNow(world, member);
  lane.isCapturing = true;
  lane.capturedBytes = member.log.bytes(index);
  if (world.trace.isFull) world.trace.line(world.now, `${member.id} captures ${index}`);
  noteTrouble(world, member, "capture");
  const store = (): StoredSnapshot | undefined => commit(world, member, position, data);
  lane.finishing = () => void store();
  later(world, member, () => {
    lane.finishing = undefined;
    const isOutOfRoom = lane.noRoomUntil > world.now;
    const saved = store();
    if (saved) world.snapshotCounts.captured++;
    later(world, member, () => {
      lane.isCapturing = false;
      if (saved) member.tell({ type: "snapshotSaved", snapshot: saved.meta });
      if (lane.mustCapture || isOutOfRoom) again(world, member, isOutOfRoom);
    });
  });
}

function again(world: World, member: Member, hasFailed: boolean): void {
  const { snapshots: lane } = member;
  lane.mustCapture = false;
  if (!hasFailed) capture(world, member);
  else {
    const action = (): void => capture(world, member);
    plan(world, world.now + RETRY_MS, "snapshot", member, { action });
  }
}

/** For a follower. */
export function read(world: World, member: Member, effect: EffectOf<"readSnapshot">): void {
  const { peer, attempt, snapshotId, offset, maxBytes } = effect;
  const { snapshots: lane } = member;
  const found = lane.readable.get(snapshotId);
  if (found) lane.readers.set(peer, snapshotId);
  later(world, member, () => {
    let data = found?.data.slice(offset, offset + maxBytes) ?? null;
    const isRotten = lane.rot !== undefined && found === lane.newest;
    if (data && (isRotten || lane.badReadsUntil > world.now)) {
      // Its reader may notice, or not.
      if (world.random.snapshots.chance(0.3)) data = null;
      else data[0] = (data[0] ?? 0) ^ 0x10;
      const receiver = world.members[world.byId.get(peer) ?? -1];
      if (receiver) noteTrouble(world, receiver, "source");
    }
    member.tell({ type: "snapshotRead", peer, attempt, offset, data });
  });
}

export function release(member: Member, { peer }: EffectOf<"releaseSnapshot">): void {
  member.snapshots.readers.delete(peer);
  prune(member);
}

/** From the leader: one thing after another. */
function inOrder(world: World, member: Member, work: () => void): void {
  const { snapshots: lane } = member;
  lane.freeAt = later(world, member, work, lane.freeAt);
}

export function write(
  world: World,
  member: Member,
  { install, offset, data }: EffectOf<"writeSnapshot">,
): void {
  const { snapshots: lane } = member;
  inOrder(world, member, () => {
    if (offset === 0) lane.sink = { install, parts: [], bytes: 0 };
    const { sink } = lane;
    // Refused before: what follows of it comes to nothing.
    if (sink?.install !== install) return;
    if (lane.noRoomUntil > world.now) {
      lane.sink = undefined;
      noteTrouble(world, member, "noRoom");
      member.tell({ type: "snapshotRefused", install, reason: "failed" });
      return;
    }
    sink.parts.push(data);
    sink.bytes += data.length;
    member.tell({ type: "snapshotWritten", install, offset: sink.bytes });
  });
}

export function install(
  world: World,
  member: Member,
  { install: id, position, bytes, crc }: EffectOf<"commitSnapshot">,
): void {
  const { snapshots: lane } = member;
  inOrder(world, member, () => {
    const { sink } = lane;
    if (sink?.install !== id) return;
    lane.sink = undefined;
    const data = new Uint8Array(Buffer.concat(sink.parts));
    if (data.length !== bytes || crc32(data) !== crc) {
      noteTrouble(world, member, "source");
      member.tell({ type: "snapshotRefused", install: id, reason: "damaged" });
      return;
    }
    const store = (): StoredSnapshot | undefined => commit(world, member, position, data);
    lane.finishing = () => void store();
    inOrder(world, member, () => {
      lane.finishing = undefined;
      if (lane.noRoomUntil > world.now) noteTrouble(world, member, "noRoom");
      const saved = store();
      if (saved) lane.capturedBytes = saved.capture?.entries.bytes(position.index) ?? 0;
      if (saved) world.snapshotCounts.installs++;
      // Some faults wait for this.
      world.unsettled = true;
      inOrder(world, member, () => {
        if (!saved) member.tell({ type: "snapshotRefused", install: id, reason: "failed" });
        else {
          if (member.receiving?.id === id) member.receiving.isTold = true;
          member.tell({ type: "snapshotInstalled", install: id, snapshot: saved.meta });
          checkInstalled(world, member);
        }
      });
    });
  });
}

export function abort(world: World, member: Member, id: number): void {
  world.snapshotCounts.aborts++;
  const { snapshots: lane } = member;
  inOrder(world, member, () => {
    if (lane.sink?.install === id) lane.sink = undefined;
  });
}
