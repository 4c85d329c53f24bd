// The nodes that can be sent to: the listed peers, those that answered at the listed seeds, and a
// bounded number of nodes that introduced themselves. A listed address always wins over an
// introduced one: the operator may have put a proxy between two nodes, and a hello must not divert
// traffic.
import { type Hello, type NodeId, type Peer, isSameOrEarlierRun } from "@raftkit/core";
import { PeerRejected } from "./errors.js";
import type { Outbox } from "./outbox.js";
import { type KnownRun, type Senders, checkRun, createSenders } from "./senders.js";

const MAX_UNLISTED_PEERS = 16;

interface SeedAnswer {
  readonly hello: Hello;
  /** It answered there the last time, too. */
  readonly isThere: boolean;
}

export interface PeerRecord {
  readonly id: NodeId;
  listed: string | undefined;
  /** The seeds at which it answered last; the latest answer at the end. */
  readonly seeds: Map<string, SeedAnswer>;
  introduced: Hello | undefined;
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
  /** Replaces the lists. Those no longer listed stay as long as they can be answered. */
  list(peers: readonly Peer[], seeds: readonly string[]): void;
  /** Whether this is a listed peer's id, or a listed seed. */
  isListed(whom: string): boolean;
  /** Records who answered at a seed, unless it is an earlier run than the latest known. */
  find(hello: Hello, seed: string): PeerRejected | undefined;
  /** Nobody answers at this seed now, or nobody whom this node talks to: it may be itself. */
  leave(seed: string): void;
  /**
   * Takes note of a node that introduced itself, unless it is an earlier run than the latest known.
   */
  meet(hello: Hello): Met | PeerRejected;
}

/**
 * Where a listed peer is, the list says: there may be a proxy. Who answered at a seed is there, unless
 * it no longer answers and another run of it has spoken that isn't an earlier one.
 */
export function addressOf({ listed, seeds, introduced }: PeerRecord): string | undefined {
  if (listed !== undefined) return listed;
  for (const [seed, { hello, isThere }] of [...seeds].toReversed()) {
    if (isThere || introduced === undefined || isSameOrEarlierRun(introduced, hello)) return seed;
  }
  return introduced?.address;
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
  let listedSeeds: ReadonlySet<string> = new Set();

  function open(id: NodeId): PeerRecord {
    const existing = records.get(id);
    if (existing !== undefined) return existing;
    const record: PeerRecord = {
      id,
      listed: undefined,
      seeds: new Map(),
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
    const unlisted = [...records.values()].filter(
      ({ listed, seeds }) => listed === undefined && seeds.size === 0,
    );
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
    isListed: (whom) => records.get(whom)?.listed !== undefined || listedSeeds.has(whom),
    list(peers, seeds) {
      listedSeeds = new Set(seeds);
      const addresses = new Map(peers.map((peer) => [peer.id, peer.address]));
      for (const id of addresses.keys()) open(id);
      for (const record of records.values()) {
        const listed = addresses.get(record.id);
        if (listed !== undefined && listed !== record.listed) record.outbox.wake();
        record.listed = listed;
        for (const seed of record.seeds.keys()) {
          if (!listedSeeds.has(seed)) record.seeds.delete(seed);
        }
        if (addressOf(record) === undefined) forget(record);
      }
      boundUnlisted();
    },
    find(hello, seed) {
      const stale = checkRun(records.get(hello.id)?.senders.get(hello.incarnation), hello);
      if (stale !== undefined) return stale;
      const peer = open(hello.id);
      for (const record of records.values()) record.seeds.delete(seed);
      peer.seeds.set(seed, { hello, isThere: true });
      if (addressOf(peer) === seed) peer.senders.answered(hello, seed);
      else peer.senders.spoke(hello);
      for (const record of records.values()) if (addressOf(record) === undefined) forget(record);
      boundUnlisted();
      return undefined;
    },
    leave(seed) {
      for (const { seeds } of records.values()) {
        const answer = seeds.get(seed);
        if (answer !== undefined) seeds.set(seed, { ...answer, isThere: false });
      }
    },
    meet(hello) {
      const peer = open(hello.id);
      const run = peer.senders.spoke(hello);
      if (run instanceof PeerRejected) return run;
      peer.introduced = hello;
      records.delete(hello.id);
      records.set(hello.id, peer);
      boundUnlisted();
      return { peer, run };
    },
  };
}
