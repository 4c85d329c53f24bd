// The snapshot lane of a node under test: it does its oldest piece of work when it is told to. A
// snapshot is what was applied, as JSON.
import type { Effect, Input, NodeId, Raft, SnapshotMeta, SnapshotPosition } from "@raftkit/core";
import { crc32 } from "@raftkit/core";
import type { Disk } from "./disk.js";

/** What of a node its snapshot lane needs. */
interface Snapshotting {
  readonly id: NodeId;
  readonly run: number;
  readonly disk: Disk;
  readonly raft: Raft;
  readonly snapshots: Snapshots;
  readonly applied: readonly string[];
}

export interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly data: Uint8Array;
}

interface Sink {
  readonly install: number;
  data: Uint8Array;
}

export interface Snapshots {
  /** What a restart finds. */
  newest: StoredSnapshot | null;
  /** A restart finds its bytes changed. */
  isDamaged: boolean;
  /** Every one that was ever committed: whoever reads one has pinned it. */
  readonly committed: Map<string, StoredSnapshot>;
  /** Work under way, and what is being received: both end with the process. */
  readonly work: (() => Input | undefined)[];
  sink: Sink | null;
  readonly readers: Set<NodeId>;
}

export function newSnapshots(): Snapshots {
  return {
    newest: null,
    isDamaged: false,
    committed: new Map(),
    work: [],
    sink: null,
    readers: new Set(),
  };
}

export function appliedIn(snapshot: StoredSnapshot | null): string[] {
  return snapshot ? (JSON.parse(new TextDecoder().decode(snapshot.data)) as string[]) : [];
}

/** What a restart finds whole. */
export function wholeSnapshot({ newest, isDamaged }: Snapshots): StoredSnapshot | null {
  return isDamaged ? null : newest;
}

function commit(
  node: Snapshotting,
  position: SnapshotPosition,
  data: Uint8Array,
): SnapshotMeta | undefined {
  const { snapshots } = node;
  if (snapshots.newest && snapshots.newest.meta.index > position.index) return undefined;
  const snapshotId = `${node.id}-${node.run}-${snapshots.committed.size}`;
  const meta = { ...position, snapshotId, bytes: data.length, crc: crc32(data) };
  snapshots.newest = { meta, data };
  snapshots.isDamaged = false;
  snapshots.committed.set(snapshotId, snapshots.newest);
  return meta;
}

/** Captures what is applied now; it becomes durable when the lane gets to it. */
export function capture(node: Snapshotting): void {
  const position = node.raft.snapshotPositionAt(node.applied.length);
  if (!position) return;
  const data = new TextEncoder().encode(JSON.stringify(node.applied));
  node.snapshots.work.push(() => {
    const snapshot = commit(node, position, data);
    return snapshot && { type: "snapshotSaved", snapshot };
  });
}

/** The oldest piece of work is done. @returns false when there was none */
export function workOnce(node: Snapshotting, feed: (input: Input) => void): boolean {
  const next = node.snapshots.work.shift();
  const input = next?.();
  if (input) feed(input);
  return next !== undefined;
}

export function performSnapshotEffect(node: Snapshotting, effect: Effect): void {
  const { snapshots } = node;
  switch (effect.type) {
    case "takeSnapshot":
      capture(node);
      break;
    case "readSnapshot": {
      const { peer, attempt, snapshotId, offset, maxBytes } = effect;
      snapshots.readers.add(peer);
      const data = snapshots.committed.get(snapshotId)?.data.subarray(offset, offset + maxBytes);
      snapshots.work.push(() => ({
        type: "snapshotRead",
        peer,
        attempt,
        offset,
        data: data ?? null,
      }));
      break;
    }
    case "releaseSnapshot":
      snapshots.readers.delete(effect.peer);
      break;
    case "writeSnapshot":
      snapshots.work.push(() => write(snapshots, effect));
      break;
    case "commitSnapshot":
      snapshots.work.push(() => install(node, effect));
      break;
    case "abortSnapshot":
      snapshots.work.push(() => {
        if (snapshots.sink?.install === effect.install) snapshots.sink = null;
        return undefined;
      });
      break;
    default:
      break;
  }
}

function write(
  snapshots: Snapshots,
  { install, offset, data }: Extract<Effect, { type: "writeSnapshot" }>,
): Input {
  if (offset === 0) snapshots.sink = { install, data: new Uint8Array(0) };
  const { sink } = snapshots;
  if (sink?.install !== install || sink.data.length !== offset) {
    throw new Error(`part ${offset} of install ${install} has nothing in front of it`);
  }
  sink.data = Uint8Array.from([...sink.data, ...data]);
  return { type: "snapshotWritten", install, offset: sink.data.length };
}

function install(
  node: Snapshotting,
  { install: id, position, bytes, crc }: Extract<Effect, { type: "commitSnapshot" }>,
): Input {
  const { sink } = node.snapshots;
  node.snapshots.sink = null;
  if (sink?.install !== id) throw new Error(`install ${id} was not written`);
  if (sink.data.length !== bytes || crc32(sink.data) !== crc) {
    return { type: "snapshotRefused", install: id, reason: "damaged" };
  }
  if (position.term > node.disk.hardState.currentTerm) {
    throw new Error(`${node.id} commits a snapshot of a term that isn't durable`);
  }
  const snapshot = commit(node, position, sink.data);
  return snapshot
    ? { type: "snapshotInstalled", install: id, snapshot }
    : { type: "snapshotRefused", install: id, reason: "failed" };
}
