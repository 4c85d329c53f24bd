// Reads from the call to the answer: one request to core for all waiting linearizable ones, and one
// for all that the leader's lease may answer; then each query runs on a state that has applied
// everything up to the read index (thesis §6.4), between applies. Reads with an index ask nobody.
import type { Index, Input } from "@raftkit/core";
import type { Read } from "./read.js";
import type { StateLock } from "./state-lock.js";
import { isThenable } from "./thenable.js";

/** Proposals are bounded in bytes; of a read only the call is kept. */
const WAITING_MAX = 65_536;

export class Reads {
  /** Called since the last turn. */
  readonly #called = new Set<Read<unknown>>();
  /** They wait for a leader; at most `WAITING_MAX`. */
  readonly #held = new Set<Read<unknown>>();
  /** By the id under which core was asked. */
  readonly #asked = new Map<number, Batch>();
  /** Those whose index is known, and who wait for the state. */
  readonly #ready = new Set<Batch>();
  /** Of those that named it themselves. */
  readonly #placed = new Set<Read<unknown>>();
  readonly #running = new Set<Read<unknown>>();
  readonly #lock: StateLock;
  #lastId = 0;

  constructor(lock: StateLock) {
    this.#lock = lock;
  }

  add(read: Read<unknown>): void {
    this.#called.add(read);
    read.onEnd = () => {
      this.#called.delete(read);
      this.#held.delete(read);
    };
  }

  /**
   * What waits for no leader, as inputs for core: one id for each kind.
   * @param baseIndex below it the log says nothing, and neither does a machine that wasn't restored
   */
  take(baseIndex: () => Index = () => 0): readonly ReadInput[] {
    const reads = { linearizable: new Set<Read<unknown>>(), lease: new Set<Read<unknown>>() };
    for (const read of this.#held) {
      if (read.gate?.closedFor) break;
      reads[read.isLeaseRead ? "lease" : "linearizable"].add(read);
    }
    for (const read of this.#called) {
      this.#called.delete(read);
      if (read.leastIndex !== null) this.#place(read, Math.max(read.leastIndex, baseIndex()));
      else if (read.gate?.closedFor) this.#hold(read);
      else reads[read.isLeaseRead ? "lease" : "linearizable"].add(read);
    }
    return [...this.#ask(reads.linearizable, false), ...this.#ask(reads.lease, true)];
  }

  #ask(reads: Set<Read<unknown>>, byLease: boolean): readonly ReadInput[] {
    if (reads.size === 0) return [];
    const id = ++this.#lastId;
    const batch: Batch = { index: 0, reads };
    this.#asked.set(id, batch);
    // Where entries aren't applied for long all of them time out: they must not pile up.
    for (const read of reads) {
      this.#held.delete(read);
      read.asked = true;
      read.onEnd = () => {
        batch.reads.delete(read);
        if (batch.reads.size > 0) return;
        this.#asked.delete(id);
        this.#ready.delete(batch);
      };
    }
    return [{ type: "read", id, byLease }];
  }

  /** It may be answered by any state that has applied so much. */
  #place(read: Read<unknown>, index: Index): void {
    if (this.#placed.size >= WAITING_MAX) {
      read.fail(
        "overloaded",
        `${WAITING_MAX} reads already wait for this node to catch up; try again after a pause`,
      );
      return;
    }
    const batch: Batch = { index, reads: new Set([read]) };
    this.#ready.add(batch);
    this.#placed.add(read);
    read.onEnd = () => {
      this.#placed.delete(read);
      this.#ready.delete(batch);
    };
  }

  #hold(read: Read<unknown>): void {
    if (this.#held.size < WAITING_MAX) {
      read.onEnd = () => this.#held.delete(read);
      this.#held.add(read);
    } else {
      read.fail(
        "overloaded",
        `${WAITING_MAX} reads already wait for a leader on this node; try again after a pause`,
      );
    }
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

  /** Core knows nobody to ask: those that wait for a leader wait again. */
  onRejected(id: number): void {
    const batch = this.#asked.get(id);
    if (!batch) return;
    for (const read of batch.reads) {
      if (!read.gate) read.fail("noLeader", "no leader is known; try again");
    }
    this.#asked.delete(id);
    for (const read of batch.reads) {
      read.asked = false;
      this.#hold(read);
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
      for (const read of batch.reads) this.#run(read, lastApplied);
    }
  }

  #run(read: Read<unknown>, lastApplied: Index): void {
    this.#placed.delete(read);
    read.answeredAt = lastApplied;
    let answer: unknown;
    try {
      answer = read.ask();
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
  #holdApplies(read: Read<unknown>): void {
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
    for (const read of [...this.#held, ...this.#called, ...asked, ...this.#running]) {
      read.fail(reason, why, options);
    }
  }
}

type ReadInput = Extract<Input, { readonly type: "read" }>;

/** Reads that were asked for together. */
interface Batch {
  /** 0 until core knows. */
  index: Index;
  readonly reads: Set<Read<unknown>>;
}
