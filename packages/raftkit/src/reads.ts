// Linearizable reads from the call to the answer: one question to core for all that wait, then each
// query on a state that has applied everything up to the read index (thesis §6.4), between applies.
import type { Index } from "@raftkit/core";
import type { Read } from "./read.js";
import type { StateLock } from "./state-lock.js";
import { isThenable } from "./thenable.js";

export class Reads<Query, Answer> {
  #waiting: Read<Query, Answer>[] = [];
  /** By the id under which core was asked. */
  readonly #asked = new Map<number, Batch<Query, Answer>>();
  /** Those whose index is known, and who wait for the state. */
  readonly #ready = new Set<Batch<Query, Answer>>();
  readonly #running = new Set<Read<Query, Answer>>();
  readonly #query: (query: Query) => Answer | PromiseLike<Answer>;
  readonly #lock: StateLock;
  #lastId = 0;

  /** @param query asks the state machine; what it throws is the read's error */
  constructor(query: (query: Query) => Answer | PromiseLike<Answer>, lock: StateLock) {
    this.#query = query;
    this.#lock = lock;
  }

  add(read: Read<Query, Answer>): void {
    this.#waiting.push(read);
  }

  /** One id for everything that came since the last call, as an input for core. */
  take(): number | undefined {
    const reads = this.#waiting.filter((read) => !read.settled);
    this.#waiting = [];
    if (reads.length === 0) return undefined;
    const id = ++this.#lastId;
    const batch: Batch<Query, Answer> = { index: 0, reads: new Set(reads) };
    this.#asked.set(id, batch);
    // Where entries aren't applied for long all of them time out: they must not pile up.
    for (const read of reads) {
      read.onEnd = () => {
        batch.reads.delete(read);
        if (batch.reads.size > 0) return;
        this.#asked.delete(id);
        this.#ready.delete(batch);
      };
    }
    return id;
  }

  /** The reads of this id may be answered once `index` is applied. */
  onReady(id: number, index: Index, lastApplied: Index): void {
    const batch = this.#asked.get(id);
    if (!batch) return;
    this.#asked.delete(id);
    batch.index = index;
    this.#ready.add(batch);
    this.run(lastApplied);
  }

  onRejected(id: number): void {
    for (const read of this.#asked.get(id)?.reads ?? []) {
      read.fail("noLeader", "no leader is known; try again");
    }
  }

  /**
   * Everything up to `lastApplied` is applied: queries that waited for it run, unless an apply is
   * under way.
   */
  run(lastApplied: Index): void {
    if (!this.#lock.readable) return;
    for (const batch of this.#ready) {
      if (batch.index > lastApplied) continue;
      this.#ready.delete(batch);
      for (const read of batch.reads) this.#run(read);
    }
  }

  #run(read: Read<Query, Answer>): void {
    let answer: Answer | PromiseLike<Answer>;
    try {
      answer = read.ask(this.#query);
    } catch (error) {
      read.failWith(error);
      return;
    }
    if (!isThenable(answer)) {
      read.succeed(answer);
      return;
    }
    if (!read.settled) this.#holdApplies(read);
    Promise.resolve(answer).then(
      (value) => read.succeed(value),
      (error: unknown) => read.failWith(error),
    );
  }

  /**
   * What an asynchronous query reads later must still be the state it began with: applies wait for
   * the end of its read, which is its timeout's at the latest.
   */
  #holdApplies(read: Read<Query, Answer>): void {
    this.#running.add(read);
    this.#lock.beginQuery();
    read.onEnd = () => {
      this.#running.delete(read);
      this.#lock.endQuery();
    };
  }

  endAll(reason: "closing" | "failed", why: string, options?: { cause?: unknown }): void {
    const batches = [...this.#asked.values(), ...this.#ready];
    const asked = batches.flatMap(({ reads }) => [...reads]);
    for (const read of [...this.#waiting, ...asked, ...this.#running]) {
      read.fail(reason, why, options);
    }
    this.#waiting = [];
  }
}

/** Reads that were asked for together. */
interface Batch<Query, Answer> {
  /** 0 until core knows. */
  index: Index;
  readonly reads: Set<Read<Query, Answer>>;
}
