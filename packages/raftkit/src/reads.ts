// Linearizable reads from the call to the answer: one question to core for all that wait, then each
// query on a state that has applied everything up to the read index (thesis §6.4).
import { ReadFailed } from "./errors.js";
import type { ReadFailedReason } from "./errors.js";
import { Call } from "./call.js";

/** One `read` call. */
export class Read extends Call {
  readonly #query: () => Promise<void>;
  readonly #reject: (error: unknown) => void;

  /** @param query ends the read with `settle` */
  constructor(query: () => Promise<void>, reject: (error: unknown) => void) {
    super();
    this.#query = query;
    this.#reject = reject;
  }

  /**
   * The state is new enough: query it. Until the answer comes, the read can still time out, be
   * aborted or closed.
   */
  async run(): Promise<void> {
    if (!this.settled) await this.#query();
  }

  settle(how: () => void): void {
    if (this.end()) how();
  }

  fail(reason: ReadFailedReason, message: string, options?: { cause?: unknown }): void {
    if (this.end()) this.#reject(new ReadFailed(reason, message, options));
  }

  override expire(): void {
    this.fail("timeout", "the read timed out; try again");
  }

  override abort(cause: unknown): void {
    this.fail("aborted", "the read was aborted", { cause });
  }
}

/** Fewer questions than these aren't searched for those that nobody waits for. */
const SWEEP_MIN = 1024;

export class Reads {
  #waiting: Read[] = [];
  /** By the id under which core was asked, until they are run. */
  readonly #asked = new Map<number, readonly Read[]>();
  readonly #running = new Set<Read>();
  #sweepAt = SWEEP_MIN;
  #lastId = 0;

  add(read: Read): void {
    this.#waiting.push(read);
  }

  /** One id for everything that came since the last call, as an input for core. */
  take(): number | undefined {
    const reads = this.#waiting.filter((read) => !read.settled);
    this.#waiting = [];
    if (reads.length === 0) return undefined;
    this.#lastId++;
    this.#asked.set(this.#lastId, reads);
    if (this.#asked.size >= this.#sweepAt) this.#sweep();
    return this.#lastId;
  }

  /** Where entries aren't applied for long, all time out and none is run: they must not pile up. */
  #sweep(): void {
    for (const [id, reads] of this.#asked) {
      if (reads.every((read) => read.settled)) this.#asked.delete(id);
    }
    this.#sweepAt = 2 * this.#asked.size + SWEEP_MIN;
  }

  /** The state is new enough for the reads of this id. */
  run(id: number): void {
    for (const read of this.#end(id)) {
      this.#running.add(read);
      void read.run().finally(() => this.#running.delete(read));
    }
  }

  onRejected(id: number): void {
    for (const read of this.#end(id)) read.fail("noLeader", "no leader is known; try again");
  }

  #end(id: number): readonly Read[] {
    const reads = this.#asked.get(id) ?? [];
    this.#asked.delete(id);
    return reads;
  }

  endAll(why: string, options?: { cause?: unknown }): void {
    for (const read of [...this.#waiting, ...[...this.#asked.values()].flat(), ...this.#running]) {
      read.fail("closing", why, options);
    }
    this.#waiting = [];
    this.#asked.clear();
  }
}
