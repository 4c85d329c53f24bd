// Snapshots: the variables as JSON. A node takes one of its own, reads it for followers, and writes
// what its leader sends.
import type { Effect, Input, SnapshotPosition } from "@raftkit/core";
import { crc32 } from "@raftkit/core";
import { writeMs } from "./disk.js";
import { decodeText, encodeText } from "./log-copy.js";
import type { Machine, SimulatedNode, StoredSnapshot, World } from "./world.js";
import { note, planFor } from "./world.js";

type EffectOf<Type extends Effect["type"]> = Extract<Effect, { readonly type: Type }>;
type Tell = (input: Input) => void;

/** Reading or writing a part. */
const PART_MS = 1;

export function machineOf({ data }: StoredSnapshot): Machine {
  return JSON.parse(decodeText(data)) as Machine;
}

/** Its own, of what is applied now. @returns whether there is something to take */
export function takeSnapshot(world: World, node: SimulatedNode, tell: Tell): boolean {
  const position = node.raft?.snapshotPositionAt(node.lastApplied);
  const newest = node.disk.snapshot?.meta.index ?? 0;
  if (node.isCapturing || !position || position.index <= newest) return false;
  const data = encodeText(JSON.stringify(node.machine));
  node.isCapturing = true;
  planFor(world, node, writeMs(world), () => {
    node.isCapturing = false;
    const stored = store(world, node, position, data);
    if (!stored) return;
    note(world, "snapshot", node.id, `took a snapshot of everything up to index ${position.index}`);
    tell({ type: "snapshotSaved", snapshot: stored.meta });
  });
  return true;
}

export function takeIfDue(world: World, node: SimulatedNode, tell: Tell): void {
  const newest = node.disk.snapshot?.meta.index ?? 0;
  if (node.lastApplied - newest >= world.conditions.snapshotEvery) takeSnapshot(world, node, tell);
}

/** Durable from now on, unless there is a newer one. */
function store(
  world: World,
  node: SimulatedNode,
  position: SnapshotPosition,
  data: Uint8Array,
): StoredSnapshot | undefined {
  if ((node.disk.snapshot?.meta.index ?? 0) > position.index) return undefined;
  const snapshotId = `${node.id}-${++world.savedSnapshots}`;
  const stored = {
    meta: { ...position, snapshotId, bytes: data.length, crc: crc32(data) },
    data,
  };
  node.disk.snapshot = stored;
  node.readable.set(snapshotId, stored);
  return stored;
}

export function readPart(
  world: World,
  node: SimulatedNode,
  { peer, attempt, snapshotId, offset, maxBytes }: EffectOf<"readSnapshot">,
  tell: Tell,
): void {
  const data = node.readable.get(snapshotId)?.data.slice(offset, offset + maxBytes) ?? null;
  planFor(world, node, PART_MS, () => tell({ type: "snapshotRead", peer, attempt, offset, data }));
}

export function writePart(
  world: World,
  node: SimulatedNode,
  { install, offset, data }: EffectOf<"writeSnapshot">,
  tell: Tell,
): void {
  if (offset === 0) node.receiving = { install, parts: [] };
  node.receiving?.parts.push(data);
  planFor(world, node, PART_MS, () =>
    tell({ type: "snapshotWritten", install, offset: offset + data.length }),
  );
}

export function installSnapshot(
  world: World,
  node: SimulatedNode,
  { install, position }: EffectOf<"commitSnapshot">,
  tell: Tell,
): void {
  const { receiving } = node;
  node.receiving = undefined;
  planFor(world, node, PART_MS + writeMs(world), () => {
    const data = Uint8Array.from(receiving?.parts.flatMap((part) => [...part]) ?? []);
    const stored = store(world, node, position, data);
    if (!stored) tell({ type: "snapshotRefused", install, reason: "failed" });
    else {
      note(world, "snapshot", node.id, `installed the leader's snapshot up to ${position.index}`);
      tell({ type: "snapshotInstalled", install, snapshot: stored.meta });
    }
  });
}
