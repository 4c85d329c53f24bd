// Who can be talked to: the peers that were listed, and a bounded number of nodes that introduced
// themselves. A listed address always wins over an introduced one: the operator may have put a
// proxy between two nodes, and a hello must not divert traffic.
import type { NodeId, Peer } from "@raftkit/core";
import { PeerRejected } from "./errors.js";
import type { Hello } from "./hello.js";
import type { Outbox } from "./outbox.js";
import { type KnownRun, type Senders, createSenders } from "./senders.js";

const MAX_UNLISTED_PEERS = 16;

export interface PeerRecord {
  readonly id: NodeId;
  listed: string | undefined;
  introduced: string | undefined;
  readonly senders: Senders;
  readonly outbox: Outbox;
}

export interface Met {
  readonly peer: PeerRecord;
  readonly run: KnownRun;
}

export interface PeerBook {
  get(id: NodeId): PeerRecord | undefined;
  all(): readonly PeerRecord[];
  /** Replaces the listed peers. Those no longer listed stay as long as they can be answered. */
  list(peers: readonly Peer[]): void;
  /**
   * Takes note of a node that introduced itself, unless it is an earlier run than the latest known.
   */
  meet(hello: Hello): Met | PeerRejected;
}

export function addressOf(peer: PeerRecord): string | undefined {
  return peer.listed ?? peer.introduced;
}

/** The run that gets what is sent to this peer, as far as is known. */
export function partnerOf(peer: PeerRecord): KnownRun | undefined {
  return peer.senders.at(addressOf(peer));
}

/** @param maxFrameBytes what large frames of all unlisted nodes may take together */
export function createPeerBook(
  maxFrameBytes: number,
  createOutbox: (peer: () => PeerRecord) => Outbox,
): PeerBook {
  /** Unlisted ones in the order in which they were last heard. */
  const records = new Map<NodeId, PeerRecord>();

  function open(id: NodeId): PeerRecord {
    const existing = records.get(id);
    if (existing !== undefined) return existing;
    const record: PeerRecord = {
      id,
      listed: undefined,
      introduced: undefined,
      senders: createSenders(),
      outbox: createOutbox(() => record),
    };
    records.set(id, record);
    return record;
  }

  function forget(record: PeerRecord): void {
    records.delete(record.id);
    void record.outbox.drop(new Error(`${record.id} is no peer any more`));
  }

  /** Strangers share a few places, and the room of one large frame: who was heard last has it. */
  function boundUnlisted(): void {
    const unlisted = [...records.values()].filter((record) => record.listed === undefined);
    const excess = Math.max(0, unlisted.length - MAX_UNLISTED_PEERS);
    for (const record of unlisted.slice(0, excess)) forget(record);
    let heldBytes = 0;
    for (const { senders } of unlisted.slice(excess).toReversed()) {
      heldBytes += senders.heldBytes();
      if (heldBytes > maxFrameBytes) senders.dropBegun();
    }
  }

  return {
    get: (id) => records.get(id),
    all: () => [...records.values()],
    list(peers) {
      const addresses = new Map(peers.map((peer) => [peer.id, peer.address]));
      for (const id of addresses.keys()) open(id);
      for (const record of records.values()) {
        const listed = addresses.get(record.id);
        if (listed !== undefined && listed !== record.listed) record.outbox.wake();
        record.listed = listed;
        if (addressOf(record) === undefined) forget(record);
      }
      boundUnlisted();
    },
    meet(hello) {
      const peer = open(hello.id);
      const run = peer.senders.spoke(hello);
      if (run instanceof PeerRejected) return run;
      peer.introduced = hello.address;
      records.delete(hello.id);
      records.set(hello.id, peer);
      boundUnlisted();
      return { peer, run };
    },
  };
}
