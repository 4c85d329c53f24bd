// What the invariants see of a node: neutral, so that both simulations can feed it. The logs are
// followed from the operations that a node hands to its storage, beside the node; its disk's from
// what the simulated disk holds durably, never from what the node claims. Views change in place:
// whoever wants to compare with earlier must keep its own copy.
import type {
  Configuration,
  EntryRun,
  Index,
  LogOperation,
  Member,
  NodeId,
  Term,
} from "@raftkit/core";
import {
  decodeConfiguration,
  ENTRY_HEADER_BYTES,
  ENTRY_KIND_OFFSET,
  EntryKind,
  entryLength,
  entryTerm,
} from "@raftkit/core";
import type { FaultRole } from "../plans/plan.js";

export interface LogView {
  /**
   * Behind it the log begins: what stands up to it is in a snapshot. Index 0: nothing was removed.
   */
  readonly base: { readonly index: Index; readonly term: Term };
  /** 0: empty. */
  readonly lastIndex: Index;
  /** 0 outside; of what a snapshot stands for, too. */
  term(index: Index): Term;
  /**
   * A hash over this entry and all before it: equal exactly when the logs are equal up to here. 0
   * outside; of what a snapshot stands for, too.
   */
  chain(index: Index): number;
  /** Of all entries up to here, each with 256 bytes besides its data, as core counts. 0 outside. */
  bytes(index: Index): number;
  /** In order; the last one is in force. */
  readonly configurations: readonly {
    readonly index: Index;
    readonly configuration: Configuration;
  }[];
}

export interface NodeView {
  readonly id: NodeId;
  /** Of the data directory: a wiped node is another view. */
  readonly incarnation: string;
  /** Its data directory is gone: nothing of it counts any more but what it once promised. */
  readonly isWiped: boolean;
  readonly role: FaultRole;
  readonly currentTerm: Term;
  readonly votedFor: Member | null;
  readonly commitIndex: Index;
  readonly lastApplied: Index;
  /** Of the state machine after `lastApplied`. */
  readonly stateHash: number;
  /** In memory, as far as its turns have ended. */
  readonly log: LogView;
  /**
   * What would be there after a power cut. Of a data directory that was wiped: what was there
   * before.
   */
  readonly disk: {
    readonly currentTerm: Term;
    readonly votedFor: Member | null;
    readonly log: LogView;
    /** The newest that was ever durable there, also when its bytes were damaged since. */
    readonly snapshot?: SnapshotView | undefined;
  };
}

/** A snapshot, and what its data says that it is. */
export interface SnapshotView {
  /** As it was announced. */
  readonly index: Index;
  readonly term: Term;
  readonly configurationIndex: Index;
  readonly configuration: Configuration;
  /** What its data holds: undefined where that is no snapshot of this machine. */
  readonly content:
    | {
        readonly index: Index;
        /** Of the state machine. */
        readonly stateHash: number;
        /** The entries that it stands for, and perhaps more behind them. */
        readonly entries: LogView;
      }
    | undefined;
}

/** Who was voted for, in words. */
export function nameOf(member: Member | null): string {
  return member ? `${member.id}/${member.incarnation}` : "nobody";
}

/** Whether the disk holds the entries up to here, in its log or in its snapshot. */
export function isStored(
  { disk: { log, snapshot } }: NodeView,
  index: Index,
  chain: number,
): boolean {
  if (log.chain(index) === chain) return true;
  return (
    snapshot !== undefined &&
    index <= snapshot.index &&
    snapshot.content?.entries.chain(index) === chain
  );
}

/** Follows a log by its operations. */
export interface LogShadow extends LogView {
  /** @param content of a reset: what the snapshot at its index stands for */
  apply(operation: LogOperation, content?: LogView): void;
  /** @param through how much of it; not given: all */
  copyFrom(other: LogView, through?: Index): void;
  /** Adds what it lacks up to there; up to where it ends the other one must be the same. */
  extendFrom(other: LogView, through: Index): void;
}

const ENTRY_OVERHEAD_BYTES = 256;

/** Mixes one more number into a 32-bit hash. */
export function mix(hash: number, value: number): number {
  const h = Math.imul(hash ^ value, 0x9e3779b1);
  return h ^ (h >>> 15);
}

export function createLogShadow(): LogShadow {
  const terms: number[] = [0];
  const chains: number[] = [0];
  const sizes: number[] = [0];
  const configurations: { readonly index: Index; readonly configuration: Configuration }[] = [];
  let base: LogView["base"] = { index: 0, term: 0 };

  function append({ firstIndex, count, bytes }: EntryRun): void {
    if (firstIndex !== terms.length) {
      throw new RangeError(`a run from ${firstIndex} can't follow index ${terms.length - 1}`);
    }
    let offset = 0;
    for (let i = 0; i < count; i++) {
      const length = entryLength(bytes, offset);
      const term = entryTerm(bytes, offset);
      const end = offset + ENTRY_HEADER_BYTES + length;
      let hash = mix(chains[chains.length - 1] ?? 0, term);
      for (let at = offset + ENTRY_KIND_OFFSET; at < end; at++) {
        hash = Math.imul(hash ^ (bytes[at] ?? 0), 0x01000193);
      }
      if (bytes[offset + ENTRY_KIND_OFFSET] === EntryKind.configuration) {
        const configuration = decodeConfiguration(bytes.subarray(offset + ENTRY_HEADER_BYTES, end));
        if (configuration) configurations.push({ index: firstIndex + i, configuration });
      }
      terms.push(term);
      chains.push(mix(hash, length) | 1);
      sizes.push((sizes[sizes.length - 1] ?? 0) + length + ENTRY_OVERHEAD_BYTES);
      offset = end;
    }
  }

  function truncate(length: number): void {
    terms.length = chains.length = sizes.length = length;
    while ((configurations.at(-1)?.index ?? 0) >= length) configurations.pop();
  }

  function copyFrom(other: LogView, through: Index = other.lastIndex): void {
    truncate(1);
    ({ base } = other);
    extendFrom(other, through);
  }

  function extendFrom(other: LogView, through: Index): void {
    const last = terms.length - 1;
    for (let index = last + 1; index <= through; index++) {
      terms.push(other.term(index));
      chains.push(other.chain(index));
      sizes.push(other.bytes(index));
    }
    for (const one of other.configurations) {
      if (one.index > last && one.index <= through) configurations.push(one);
    }
  }

  return {
    get base() {
      return base;
    },
    get lastIndex() {
      return terms.length - 1;
    },
    term: (index) => terms[index] ?? 0,
    chain: (index) => chains[index] ?? 0,
    bytes: (index) => sizes[index] ?? 0,
    configurations,
    apply(operation, content) {
      switch (operation.type) {
        case "hardState":
          break;
        case "append":
          append(operation.run);
          break;
        case "truncateFrom":
          truncate(operation.index);
          break;
        case "compactThrough":
          base = { index: operation.index, term: operation.term };
          break;
        case "resetTo":
          if (!content) throw new RangeError(`no snapshot is known at ${operation.index}`);
          copyFrom(content, operation.index);
          base = { index: operation.index, term: operation.term };
          break;
      }
    },
    copyFrom,
    extendFrom,
  };
}
