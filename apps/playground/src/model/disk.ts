// A node's disk: a write takes 2 to 4 ms, and what waits meanwhile becomes one write. A crash loses
// what isn't written yet.
import type { LogOperation } from "@raftkit/core";
import { changeRuns } from "@raftkit/core";
import type { Disk, SimulatedNode, World } from "./world.js";
import { planFor } from "./world.js";

export function createDisk(): Disk {
  return {
    hardState: { currentTerm: 0, votedFor: null },
    base: { index: 0, term: 0 },
    runs: [],
    snapshot: undefined,
    pending: [],
    isWriting: false,
  };
}

export function writeMs({ random }: World): number {
  return Math.round(random.disk.between(2, 4) * 10) / 10;
}

/** @param tellPersisted called with the last write that is durable */
export function write(
  world: World,
  node: SimulatedNode,
  seq: number,
  operations: readonly LogOperation[],
  tellPersisted: (seq: number) => void,
): void {
  node.disk.pending.push({ seq, operations });
  if (!node.disk.isWriting) beginWrite(world, node, tellPersisted);
}

function beginWrite(world: World, node: SimulatedNode, tellPersisted: (seq: number) => void): void {
  const { disk } = node;
  const count = disk.pending.length;
  disk.isWriting = true;
  planFor(world, node, writeMs(world), () => {
    const written = disk.pending.splice(0, count);
    for (const { operations } of written) {
      for (const operation of operations) makeDurable(disk, operation);
    }
    disk.isWriting = false;
    if (disk.pending.length > 0) beginWrite(world, node, tellPersisted);
    tellPersisted(written.at(-1)?.seq ?? 0);
  });
}

function makeDurable(disk: Disk, operation: LogOperation): void {
  if (operation.type === "hardState") disk.hardState = operation.hardState;
  else changeRuns(disk.runs, operation);
  if (operation.type === "compactThrough" || operation.type === "resetTo") {
    disk.base = { index: operation.index, term: operation.term };
  }
}

export function loseUnwritten(disk: Disk): void {
  disk.pending = [];
  disk.isWriting = false;
}
