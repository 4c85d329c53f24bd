// The order of pipelined requests of one connection (RFC 9112 §9.3.2): safe ones may run in
// parallel, any other one runs alone, and nobody overtakes.

/** A request on its connection. */
export interface Turn {
  readonly safe: boolean;
  /** Called when its turn has come, perhaps at once. */
  start(): void;
}

export class RequestOrder {
  readonly #maxConcurrent: number;
  /** Safe ones, or a single one that isn't. */
  readonly #running = new Set<Turn>();
  readonly #waiting = new Set<Turn>();
  #isSafe = true;

  constructor(maxConcurrent: number) {
    this.#maxConcurrent = maxConcurrent;
  }

  enter(turn: Turn): void {
    this.#waiting.add(turn);
    this.#startNext();
  }

  /** The request is over, also if it never started. */
  leave(turn: Turn): void {
    const left = this.#running.delete(turn) || this.#waiting.delete(turn);
    if (left) this.#startNext();
  }

  /** Requests whose turn hasn't come. */
  get waiting(): number {
    return this.#waiting.size;
  }

  #mayStart({ safe }: Turn): boolean {
    const { size } = this.#running;
    return size === 0 || (safe && this.#isSafe && size < this.#maxConcurrent);
  }

  #startNext(): void {
    for (const turn of this.#waiting) {
      if (!this.#mayStart(turn)) return;
      this.#waiting.delete(turn);
      this.#running.add(turn);
      this.#isSafe = turn.safe;
      turn.start();
    }
  }
}
