// Gathers what all connections ask in a turn of the event loop: all writes become one command of
// the log, and all reads one query, each executed in the order in which it was gathered (decision
// 0051). What a connection adds to one batch stays together there.
import { BatchWriter } from "@raftkit/kv";
import type { KvOperationResult } from "@raftkit/kv";
import { Gathering } from "../gathering.js";
import type { KvCalls } from "../kv-calls.js";

/** Which batch a command belongs to. `local`: reads that this node answers from its own state. */
export type BatchKind = "write" | "read" | "local";

/** Whoever waits for a part of a batch. */
export interface Waiter {
  /** @param from the position of its first result */
  done(results: readonly KvOperationResult[], from: number): void;
  failed(error: unknown): void;
}

/** Enough that a batch costs little for each operation, and few enough that none holds up others. */
const MAX_OPERATIONS = 1024;
const MAX_BYTES = 128 * 1024;

/** A batch that hasn't been sent yet. */
export class OpenBatch {
  readonly writer: BatchWriter;
  readonly #waiters: { readonly waiter: Waiter; readonly from: number }[] = [];

  constructor(writer: BatchWriter) {
    this.writer = writer;
  }

  /** Whether so much more may be added; a single command always may be. */
  hasRoom(operations: number, bytes: number): boolean {
    const { writer } = this;
    if (writer.operations === 0) return true;
    return writer.operations + operations <= MAX_OPERATIONS && writer.length + bytes <= MAX_BYTES;
  }

  /** @param from how many operations there were before those for which it waits */
  wait(waiter: Waiter, from: number): void {
    this.#waiters.push({ waiter, from });
  }

  done(results: readonly KvOperationResult[]): void {
    for (const { waiter, from } of this.#waiters) waiter.done(results, from);
  }

  failed(error: unknown): void {
    for (const { waiter } of this.#waiters) waiter.failed(error);
  }
}

export class Batches {
  readonly #calls: Pick<KvCalls, "proposeBatch" | "read">;
  readonly #open = new Map<BatchKind, OpenBatch>();
  /** To be sent at the end of this turn, in this order. */
  #sealed: { readonly kind: BatchKind; readonly batch: OpenBatch }[] = [];
  readonly #gathering: Gathering = new Gathering(() => this.#sendAll());
  /** Has memory for the next batch: a new buffer for each makes V8 collect the whole heap often. */
  #spare: BatchWriter | undefined;

  constructor(calls: Pick<KvCalls, "proposeBatch" | "read">) {
    this.#calls = calls;
  }

  /**
   * One with room for a command; it is sent at the end of this turn, or before, if nobody else asked
   * in the last one: a client that is alone doesn't wait for others.
   */
  open(kind: BatchKind, operations: number, bytes: number): OpenBatch {
    this.#gathering.asked();
    const present = this.#open.get(kind);
    if (present?.hasRoom(operations, bytes) === true) return present;
    const batch = new OpenBatch(this.#spare ?? new BatchWriter());
    this.#spare = undefined;
    this.#sealed.push({ kind, batch });
    this.#open.set(kind, batch);
    return batch;
  }

  #sendAll(): void {
    const batches = this.#sealed;
    this.#sealed = [];
    this.#open.clear();
    for (const { kind, batch } of batches) {
      // Its connection may be gone, or its only command was wrong.
      if (batch.writer.operations === 0) batch.done([]);
      else void this.#send(kind, batch);
    }
  }

  async #send(kind: BatchKind, batch: OpenBatch): Promise<void> {
    const { writer } = batch;
    let results: readonly KvOperationResult[];
    try {
      const answered = this.resultsOf(kind, writer);
      if (kind === "write") this.#release(writer); // it is encoded by now
      results = await answered;
    } catch (error) {
      batch.failed(error);
      return;
    }
    if (kind !== "write") this.#release(writer);
    batch.done(results);
  }

  /** Nobody reads what it holds any more. A single command may be much larger than the others. */
  #release(writer: BatchWriter): void {
    if (writer.length > MAX_BYTES) return;
    writer.clear();
    this.#spare = writer;
  }

  /** Sends a batch of its own. @throws what the node's calls end with */
  async resultsOf(kind: BatchKind, writer: BatchWriter): Promise<readonly KvOperationResult[]> {
    const operations = writer.bytes();
    if (kind === "write") {
      const result = await this.#calls.proposeBatch(operations);
      if (result.ok) return result.results;
      throw new Error(`a batch was refused: ${result.reason}`);
    }
    const consistency = kind === "local" ? "local" : "linearizable";
    const answer = await this.#calls.read({ type: "batch", operations }, { consistency });
    if (answer.type !== "batch") throw new Error("another query was answered");
    return answer.results;
  }
}
