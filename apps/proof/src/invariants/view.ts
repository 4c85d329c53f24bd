// What the invariants see of a node: neutral, so that both simulations can feed it. The logs are
// followed from the operations that a node hands to its storage, beside the node; its disk's from
// what the simulated disk holds durably, never from what the node claims. Views change in place:
// whoever wants to compare with earlier must keep its own copy.
import type { Configuration, EntryRun, Index, LogOperation, NodeId, Term } from "@raftkit/core";
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
  /** 0: empty. */
  readonly lastIndex: Index;
  /** 0 outside. */
  term(index: Index): Term;
  /**
   * A hash over this entry and all before it: equal exactly when the logs are equal up to here. 0
   * outside.
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
  readonly votedFor: NodeId | null;
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
    readonly votedFor: NodeId | null;
    readonly log: LogView;
  };
}

/** Follows a log by its operations. */
export interface LogShadow extends LogView {
  apply(operation: LogOperation): void;
  copyFrom(other: LogShadow): void;
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

  return {
    get lastIndex() {
      return terms.length - 1;
    },
    term: (index) => terms[index] ?? 0,
    chain: (index) => chains[index] ?? 0,
    bytes: (index) => sizes[index] ?? 0,
    configurations,
    apply(operation) {
      if (operation.type === "append") append(operation.run);
      else if (operation.type === "truncateFrom") truncate(operation.index);
      else if (operation.type !== "hardState") {
        throw new RangeError(`no ${operation.type} is followed here`);
      }
    },
    copyFrom(other) {
      truncate(1);
      for (let index = 1; index <= other.lastIndex; index++) {
        terms.push(other.term(index));
        chains.push(other.chain(index));
        sizes.push(other.bytes(index));
      }
      configurations.push(...other.configurations);
    },
  };
}
