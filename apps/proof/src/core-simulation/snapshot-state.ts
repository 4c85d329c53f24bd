// Where a node of the core simulation keeps its snapshots, and its snapshot lane, as plain data.
// What is stored are bytes that name a capture; the capture itself is kept beside them.
import type { Index, NodeId, SnapshotMeta, SnapshotPosition } from "@raftkit/core";
import type { InstallCase } from "../plans/coverage.js";
import type { LogView, SnapshotView } from "../invariants/view.js";
import type { Machine } from "./machine.js";

/** A state machine at one moment. */
export interface Capture {
  /** Counts over the whole run: what its data begins with. */
  readonly number: number;
  readonly data: Uint8Array;
  readonly index: Index;
  readonly machine: Machine;
  /** What it stands for; it may go on behind that. */
  readonly entries: LogView;
}

export interface StoredSnapshot {
  readonly meta: SnapshotMeta;
  readonly data: Uint8Array;
  /** As the invariants see it. */
  readonly view: SnapshotView;
  /** Undefined: nobody captured this data. */
  readonly capture: Capture | undefined;
}

/** What is being received. */
export interface Sink {
  readonly install: number;
  readonly parts: Uint8Array[];
  bytes: number;
}

/** What is wrong with the newest one on the disk, until another one takes its place. */
export type Rot = "data" | "description";

export interface SnapshotLane {
  /** On the disk. */
  newest: StoredSnapshot | undefined;
  rot: Rot | undefined;
  /** Of the present run: all that it may read, by id. */
  readonly readable: Map<string, StoredSnapshot>;
  readonly readers: Map<NodeId, string>;
  /** Its own: one at a time; another one was asked for meanwhile. */
  isCapturing: boolean;
  mustCapture: boolean;
  /** What the log counted at the last one, in bytes. */
  capturedBytes: number;
  sink: Sink | undefined;
  /** What is being made durable: it may be, though the process ends first. */
  finishing: (() => void) | undefined;
  /** The lane of what comes from the leader does one thing after another. */
  freeAt: number;
  slowUntil: number;
  slowMs: number;
  noRoomUntil: number;
  badReadsUntil: number;
}

/** A snapshot that a node is being sent, as the coverage matrix sees it. */
export interface WatchedInstall {
  readonly id: number;
  readonly index: Index;
  readonly attempt: number;
  readonly term: number;
  readonly installed: InstallCase;
  isTroubled: boolean;
  /** It is durable, and its node knows that. */
  isTold: boolean;
}

/** How often what happened, over a whole run. */
export interface SnapshotCounts {
  captured: number;
  installs: number;
  resets: number;
  restores: number;
  aborts: number;
  compactions: number;
}

export function createSnapshotLane(): SnapshotLane {
  return {
    newest: undefined,
    rot: undefined,
    readable: new Map(),
    readers: new Map(),
    isCapturing: false,
    mustCapture: false,
    capturedBytes: 0,
    sink: undefined,
    finishing: undefined,
    freeAt: 0,
    slowUntil: 0,
    slowMs: 0,
    noRoomUntil: 0,
    badReadsUntil: 0,
  };
}

/** A process ends: what it had under way is gone. */
export function endRun(lane: SnapshotLane): void {
  lane.readable.clear();
  lane.readers.clear();
  lane.isCapturing = lane.mustCapture = false;
  lane.sink = lane.finishing = undefined;
  lane.freeAt = 0;
}

export function viewOf(position: SnapshotPosition, capture: Capture | undefined): SnapshotView {
  return {
    ...position,
    content: capture && {
      index: capture.index,
      stateHash: capture.machine.hash,
      entries: capture.entries,
    },
  };
}
