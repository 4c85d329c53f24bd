// What the tests share: short ways to say operations, and to read a log back as lines.
import type { EntryRun, LogOperation, Member, OpenedLog, StorageIdentity } from "@raftkit/core";
import { encodeRun, EntryKind, readEntries } from "@raftkit/core";

export const identity: StorageIdentity = { clusterId: "blue", nodeId: "n1", codec: "json" };

export function append(firstIndex: number, term: number, ...texts: string[]): LogOperation {
  return {
    type: "append",
    run: encodeRun(
      firstIndex,
      term,
      EntryKind.command,
      texts.map((text) => new TextEncoder().encode(text)),
    ),
  };
}

export function appendBytes(firstIndex: number, term: number, ...sizes: number[]): LogOperation {
  return {
    type: "append",
    run: encodeRun(
      firstIndex,
      term,
      EntryKind.command,
      sizes.map((size, i) => new Uint8Array(size).fill(firstIndex + i)),
    ),
  };
}

export function memberNamed(id: string): Member {
  return { id, incarnation: `${id}-data-directory-1` };
}

export function vote(currentTerm: number, id: string | null): LogOperation {
  const votedFor = id === null ? null : memberNamed(id);
  return { type: "hardState", hardState: { currentTerm, votedFor } };
}

export function listed(runs: readonly EntryRun[]): string[] {
  const lines: string[] = [];
  let next: number | undefined;
  for (const run of runs) {
    if (next !== undefined && run.firstIndex !== next) {
      throw new Error(`runs don't meet at ${next}`);
    }
    next = run.firstIndex + run.count;
    for (const { index, term, data } of readEntries(run)) {
      lines.push(`${index}:${term}:${Buffer.from(data).toString("latin1")}`);
    }
  }
  return lines;
}

/** All that a log says, without the run. */
export function contentOf({ base, hardState, entries }: OpenedLog): string {
  return JSON.stringify({ base, hardState, entries: listed(entries) });
}

/** The same, of the operations so far: an independent model. */
export class Model {
  base = { index: 0, term: 0 };
  hardState: { currentTerm: number; votedFor: Member | null } = { currentTerm: 0, votedFor: null };
  entries: string[] = [];

  get lastIndex(): number {
    return this.base.index + this.entries.length;
  }

  apply(operations: readonly LogOperation[]): this {
    for (const operation of operations) {
      if (operation.type === "hardState") this.hardState = operation.hardState;
      else if (operation.type === "append") this.entries.push(...listed([operation.run]));
      else if (operation.type === "truncateFrom") {
        this.entries.length = operation.index - 1 - this.base.index;
      } else {
        this.entries =
          operation.type === "resetTo" ? [] : this.entries.slice(operation.index - this.base.index);
        this.base = { index: operation.index, term: operation.term };
      }
    }
    return this;
  }

  copy(): Model {
    return Object.assign(new Model(), {
      base: this.base,
      hardState: this.hardState,
      entries: [...this.entries],
    });
  }

  toString(): string {
    return JSON.stringify({ base: this.base, hardState: this.hardState, entries: this.entries });
  }
}

/** A small generator of repeatable numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
