// The data directories that send under one peer's id, kept apart: another node with the same id, by
// mistake or by intent, must not affect the real one. Two are remembered: the one that last
// answered at the address where this node sends to, and the one that sent last.
import type { Hello } from "@raftkit/core";
import { PeerRejected } from "./errors.js";
import { type Reassembly, createReassembly } from "./reassembly.js";

const MAX_DIRECTORIES = 2;

/** One run of one data directory. */
export interface KnownRun {
  readonly incarnation: string;
  readonly run: number;
  readonly reassembly: Reassembly;
  /** Until then it is neither listened to nor spoken to. */
  refusedUntilMs: number;
}

export interface Senders {
  /** The latest run heard of this data directory. */
  get(incarnation: string): KnownRun | undefined;
  /**
   * Who gets what is sent to `address`: who answered there last; until somebody did, who spoke
   * last.
   */
  at(address: string | undefined): KnownRun | undefined;
  /** Takes note of a run, unless a later one of its directory was heard of. */
  spoke(hello: Hello): KnownRun | PeerRejected;
  /** The same for one that answered at `address`. */
  answered(hello: Hello, address: string): PeerRejected | undefined;
  /** What frames under way take, in bytes. */
  heldBytes(): number;
  /** Drops the frames under way. */
  dropBegun(): void;
}

export function createSenders(): Senders {
  /** By incarnation, in the order in which they were last heard. */
  const known = new Map<string, KnownRun>();
  let answerer: { readonly incarnation: string; readonly address: string } | undefined;

  function note({ incarnation, run }: Hello): KnownRun {
    let noted = known.get(incarnation);
    // A later run is a fresh start.
    if (noted?.run !== run) {
      const refusedUntilMs = Number.NEGATIVE_INFINITY;
      noted = { incarnation, run, reassembly: createReassembly(), refusedUntilMs };
    }
    known.delete(incarnation);
    known.set(incarnation, noted);
    for (const other of known.keys()) {
      if (known.size <= MAX_DIRECTORIES) break;
      if (other !== incarnation && other !== answerer?.incarnation) known.delete(other);
    }
    return noted;
  }

  return {
    get: (incarnation) => known.get(incarnation),
    at(address) {
      if (answerer !== undefined && answerer.address === address) {
        return known.get(answerer.incarnation);
      }
      return [...known.values()].at(-1);
    },
    spoke: (hello) => checkRun(known.get(hello.incarnation), hello) ?? note(hello),
    answered(hello, address) {
      const stale = checkRun(known.get(hello.incarnation), hello);
      if (stale !== undefined) return stale;
      answerer = { incarnation: hello.incarnation, address };
      note(hello);
      return undefined;
    },
    heldBytes: () => [...known.values()].reduce((sum, run) => sum + run.reassembly.heldBytes, 0),
    dropBegun() {
      for (const { reassembly } of known.values()) reassembly.reset();
    },
  };
}

/** Whether the hello comes from a run that has been superseded. */
export function checkRun(known: KnownRun | undefined, hello: Hello): PeerRejected | undefined {
  if (known === undefined || known.run <= hello.run) return undefined;
  return new PeerRejected(
    "STALE_RUN",
    `run ${hello.run} of peer ${hello.id} speaks, but run ${known.run} has been heard of; stop the older process of ${hello.id}, and never put an old copy of a data directory back`,
  );
}
