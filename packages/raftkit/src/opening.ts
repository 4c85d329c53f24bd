// Opens a node's data: the log, the newest snapshot, and a state machine that holds it.
import type { OpenedLog, SnapshotMeta, StateMachine, StorageIdentity } from "@raftkit/core";
import { InvalidOption } from "@raftkit/core";
import type { Logger, NodeOptions } from "./api.js";
import { messageOf, StateMachineFailed } from "./errors.js";
import { readSnapshot, SnapshotDamaged } from "./snapshot-source.js";
import { logBytesOf } from "./snapshots.js";
import type { OpenedSnapshots } from "./snapshot-taker.js";

export interface OpenedState {
  /** Undefined: no snapshots are kept. */
  readonly snapshots: OpenedSnapshots | undefined;
  /** 0: the newest snapshot isn't damaged. */
  readonly damagedSnapshotIndex: number;
  /** What the state machine holds. */
  readonly applied: number;
}

type Machine = Pick<StateMachine<never, unknown, never, unknown>, "open" | "restore">;

/**
 * Restores a machine in memory from the newest snapshot, and one with durable state that is behind
 * the log. A damaged snapshot is none: the log is replayed if it reaches back, else the leader sends
 * one.
 * @throws {InvalidOption} {StateMachineFailed} and what the storage rejects with
 */
export async function openState(
  storage: NodeOptions<never, never, never, never>["storage"],
  machine: Machine,
  identity: StorageIdentity,
  { base, entries }: OpenedLog,
  logger: Logger,
): Promise<OpenedState> {
  const { snapshots } = storage;
  const found = await snapshots?.open(identity);
  const own = await machine.open?.();
  if (!snapshots) {
    if (base.index > 0) throw missingSnapshots(base.index);
    return { snapshots: undefined, damagedSnapshotIndex: 0, applied: own ?? 0 };
  }
  const applied = own ?? 0;
  const isUsable = found !== undefined && found.index >= base.index;
  if (!isUsable || (own !== undefined && own >= base.index)) {
    const held = entries.filter(
      ({ firstIndex, count }) =>
        firstIndex <= applied && firstIndex + count > Math.max(found?.index ?? 0, base.index) + 1,
    );
    return {
      snapshots: { storage: snapshots, newest: found, grownBytes: logBytesOf(held) },
      damagedSnapshotIndex: 0,
      applied,
    };
  }
  const error = await restoreFrom(snapshots, machine, found);
  if (!error) {
    return {
      snapshots: { storage: snapshots, newest: found, grownBytes: 0 },
      damagedSnapshotIndex: 0,
      applied: found.index,
    };
  }
  logger.error(
    { err: error, index: found.index },
    `${error.message}; ${base.index === 0 ? "the whole log is there and is replayed instead" : "this node waits for one from the leader, and doesn't campaign until then"}`,
  );
  return {
    snapshots: { storage: snapshots, newest: undefined, grownBytes: 0 },
    damagedSnapshotIndex: found.index,
    applied,
  };
}

/** @returns the damage, if there is one */
async function restoreFrom(
  storage: OpenedSnapshots["storage"],
  machine: Machine,
  snapshot: SnapshotMeta,
): Promise<SnapshotDamaged | undefined> {
  let damage: SnapshotDamaged | undefined;
  async function* source(): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* readSnapshot(storage, snapshot);
    } catch (error) {
      damage = damageOf(snapshot, error);
      throw damage;
    }
  }
  const { index, term } = snapshot;
  try {
    await machine.restore?.(source(), { index, term });
    return damage;
  } catch (cause) {
    // A machine may give up at the first byte that can't be, long before the checksum tells why.
    damage ??= await findDamage(storage, snapshot);
    if (damage) return damage;
    throw new StateMachineFailed(
      `the state machine refused the snapshot ${snapshot.snapshotId} at index ${index}, which is whole; nothing was deleted. Was it written by another version of the state machine? Start that one: ${messageOf(cause)}`,
      { cause },
    );
  }
}

async function findDamage(
  storage: OpenedSnapshots["storage"],
  snapshot: SnapshotMeta,
): Promise<SnapshotDamaged | undefined> {
  try {
    for await (const _ of readSnapshot(storage, snapshot));
    return undefined;
  } catch (error) {
    return damageOf(snapshot, error);
  }
}

function damageOf({ snapshotId, index }: SnapshotMeta, error: unknown): SnapshotDamaged {
  return error instanceof SnapshotDamaged
    ? error
    : new SnapshotDamaged(
        `the snapshot ${snapshotId} at index ${index} can't be read: ${messageOf(error)}`,
      );
}

function missingSnapshots(index: number): InvalidOption {
  return new InvalidOption(
    `option storage.snapshots: not given, but the log begins after index ${index}, so earlier entries and the configuration are in a snapshot; give createNode the snapshot storage that this data was written with`,
  );
}
