// Puts a node together: opens the storage, restores the state machine, starts the transport, runs.
import { commandEncoding, Raft } from "@raftkit/core";
import type { NodeOptions, RaftNode } from "./api.js";
import { addressOf, checkBeginning } from "./cluster-options.js";
import { createInstrumentation } from "./instrumentation.js";
import { DiskSpace } from "./disk-space.js";
import { Node } from "./node.js";
import { drawClusterInstance } from "./platform.js";
import { openState } from "./opening.js";
import { checkOptions } from "./options.js";
import { checkEntriesFit } from "./stored-entry-size.js";

/**
 * Opens and starts a node. It forms or joins its cluster by itself; `propose` and `read` work as
 * soon as a leader is known.
 * @throws {InvalidOption} and what the storage and the transport reject with; whatever was opened
 * is closed again then
 */
export async function createNode<Command, Result, Query, Answer, Input = Command>(
  options: NodeOptions<Command, Result, Query, Answer, Input>,
): Promise<RaftNode<Command, Result, Query, Answer, Input>> {
  const settings = checkOptions(options);
  const { id, cluster, stateMachine, storage, transport } = options;
  const instruments = createInstrumentation(options, settings);
  const codec = commandEncoding(options.codec, stateMachine);
  const identity = { clusterId: cluster.id, nodeId: id, codec };
  const disk = new DiskSpace();
  const opened = await storage.log.open(identity, disk.onSpace);
  try {
    const { incarnation, run, base, hardState, entries } = opened;
    checkEntriesFit(entries, transport.maxFrameBytes);
    const found = await openState(storage, stateMachine, identity, opened, settings.logger);
    const address = addressOf(options);
    const raft = new Raft(
      {
        ...settings,
        id,
        incarnation,
        run,
        address,
        clusterInstance: drawClusterInstance(settings.random),
        bootstrap: cluster.bootstrap ?? [],
        rejoin: cluster.rejoin,
      },
      {
        hardState,
        base,
        entries,
        snapshot: found.snapshots?.newest ?? null,
        damagedSnapshotIndex: found.damagedSnapshotIndex,
        applied: found.applied,
      },
    );
    checkBeginning(options, raft.status);
    const self = { id, incarnation, run };
    const node = new Node(options, settings, raft, self, found, instruments);
    await transport.start(
      { clusterId: cluster.id, id, incarnation, run, address, codec },
      node.transportHandler,
    );
    node.begin();
    disk.listen((isShort) => node.onDiskSpace(isShort));
    return node;
  } catch (error) {
    instruments?.close();
    await Promise.allSettled([
      transport.close(),
      storage.log.close(),
      storage.snapshots?.close(),
      stateMachine.close?.(),
    ]);
    throw error;
  }
}
