// Tells the operator what keeps a node from its cluster: soon, and then from time to time.
import type { Clock } from "@raftkit/core";
import type { Logger } from "./api.js";

/** After these milliseconds; the last one repeats. */
const DELAYS_MS = [2000, 8000, 20_000, 60_000];

interface Obstacle {
  readonly fields: object;
  readonly message: string;
}

/** @param obstacle null once there is none */
export class StartWatch {
  readonly #obstacle: () => Obstacle | null;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #cancel: (() => void) | null = null;

  constructor(obstacle: () => Obstacle | null, logger: Logger, clock: Clock) {
    this.#obstacle = obstacle;
    this.#logger = logger;
    this.#clock = clock;
    if (obstacle()) this.#schedule(0);
  }

  get isWaiting(): boolean {
    return this.#cancel !== null;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #schedule(round: number): void {
    const delayMs = DELAYS_MS[Math.min(round, DELAYS_MS.length - 1)] ?? 0;
    this.#cancel = this.#clock.schedule(this.#clock.now() + delayMs, () => {
      this.#cancel = null;
      const obstacle = this.#obstacle();
      if (!obstacle) return;
      this.#logger.warn(obstacle.fields, obstacle.message);
      this.#schedule(round + 1);
    });
  }
}
