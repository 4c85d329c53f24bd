// Who can be talked to: the peers that were listed, and a bounded number of nodes that introduced
// themselves. A listed address always wins over an introduced one: the operator may have put a
// proxy between two nodes, and a hello must not divert traffic.
import type { NodeId, Peer, Sender } from "@raftkit/core";
import { PeerRejected } from "./errors.js";
import type { Hello } from "./hello.js";
import type { Outbox } from "./outbox.js";
import { type Reassembly, createReassembly } from "./reassembly.js";

/** Each may hold one frame under reassembly and one queue. */
const MAX_UNLISTED_PEERS = 16;

export interface PeerRecord {
  readonly id: NodeId;
  listed: string | undefined;
  introduced: string | undefined;
  /** The latest run heard of. */
  sender: Sender | undefined;
  /** Until then it is neither listened to nor spoken to. */
  refusedUntilMs: number;
  readonly reassembly: Reassembly;
  readonly outbox: Outbox;
}

export interface PeerBook {
  get(id: NodeId): PeerRecord | undefined;
  all(): readonly PeerRecord[];
  /** Replaces the listed peers. Those no longer listed stay as long as they can be answered. */
  list(peers: readonly Peer[]): void;
  /**
   * Takes note of a node that introduced itself, unless it is an earlier run than the latest known.
   */
  meet(hello: Hello): PeerRecord | PeerRejected;
  /**
   * The same for a node that answered a request: that doesn't make it one that spoke, so a peer
   * that left the list stays away.
   */
  noteAnswer(hello: Hello): PeerRejected | undefined;
}

export function addressOf(peer: PeerRecord): string | undefined {
  return peer.listed ?? peer.introduced;
}

/** Whether the hello comes from a run that has been superseded. */
export function checkRun(peer: PeerRecord | undefined, hello: Hello): PeerRejected | undefined {
  const known = peer?.sender;
  if (known === undefined || known.incarnation !== hello.incarnation || known.run <= hello.run) {
    return undefined;
  }
  return new PeerRejected(
    "STALE_RUN",
    `run ${hello.run} of peer ${hello.id} speaks, but run ${known.run} has been heard of; stop the older process of ${hello.id}, or restore no old data directory`,
  );
}

export function createPeerBook(createOutbox: (peer: () => PeerRecord) => Outbox): PeerBook {
  /** Unlisted ones in the order in which they were last heard. */
  const records = new Map<NodeId, PeerRecord>();

  function open(id: NodeId): PeerRecord {
    const existing = records.get(id);
    if (existing !== undefined) return existing;
    const record: PeerRecord = {
      id,
      listed: undefined,
      introduced: undefined,
      sender: undefined,
      refusedUntilMs: Number.NEGATIVE_INFINITY,
      reassembly: createReassembly(),
      outbox: createOutbox(() => record),
    };
    records.set(id, record);
    return record;
  }

  function forget(record: PeerRecord): void {
    records.delete(record.id);
    void record.outbox.drop(new Error(`${record.id} is no peer any more`));
  }

  function forgetOldestUnlisted(): void {
    const unlisted = [...records.values()].filter((record) => record.listed === undefined);
    for (const record of unlisted.slice(0, Math.max(0, unlisted.length - MAX_UNLISTED_PEERS))) {
      forget(record);
    }
  }

  /** A later run than the one known is a fresh start. */
  function noteRun(record: PeerRecord, { id, incarnation, run }: Hello): void {
    if (record.sender?.incarnation === incarnation && record.sender.run === run) return;
    record.sender = { id, incarnation, run };
    record.refusedUntilMs = Number.NEGATIVE_INFINITY;
    record.reassembly.reset();
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
      forgetOldestUnlisted();
    },
    meet(hello) {
      const stale = checkRun(records.get(hello.id), hello);
      if (stale !== undefined) return stale;
      const record = open(hello.id);
      noteRun(record, hello);
      record.introduced = hello.address;
      records.delete(hello.id);
      records.set(hello.id, record);
      forgetOldestUnlisted();
      return record;
    },
    noteAnswer(hello) {
      const record = records.get(hello.id);
      const stale = checkRun(record, hello);
      if (stale === undefined && record !== undefined) noteRun(record, hello);
      return stale;
    },
  };
}
