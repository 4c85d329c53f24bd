// Bounds what clients that don't read their replies make this process hold: each when it reads
// nothing for too long, and all together; then the one that has read nothing for longest goes
// first.
import type { RedisLimits } from "./limits.js";

export interface Reader {
  readonly unsentBytes: number;
  /** Grows as its client reads. */
  readonly takenBytes: number;
}

interface Progress {
  takenBytes: number;
  movedMs: number;
  /** Nothing had moved when last looked at. A busy process mustn't blame the client for itself. */
  isSuspect: boolean;
}

export class SlowReaders<R extends Reader> {
  readonly #limits: Pick<RedisLimits, "maxAllUnsentBytes" | "sendStallMs">;
  readonly #cut: (reader: R, reason: "unsent" | "stalled") => void;
  readonly #readers = new Map<R, Progress>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    limits: Pick<RedisLimits, "maxAllUnsentBytes" | "sendStallMs">,
    cut: (reader: R, reason: "unsent" | "stalled") => void,
  ) {
    this.#limits = limits;
    this.#cut = cut;
  }

  /** More was written than it reads at present. */
  add(reader: R): void {
    if (!this.#readers.has(reader)) {
      this.#readers.set(reader, {
        takenBytes: reader.takenBytes,
        movedMs: performance.now(),
        isSuspect: false,
      });
    }
    this.#timer ??= setInterval(
      () => this.#cutStalled(),
      Math.ceil(this.#limits.sendStallMs / 4),
    ).unref();
    for (let total = this.#total(); total > this.#limits.maxAllUnsentBytes;) {
      const slowest = this.#slowest();
      if (slowest === undefined) return;
      total -= slowest.unsentBytes;
      this.remove(slowest);
      this.#cut(slowest, "unsent");
    }
  }

  /** It has read everything, or is gone. */
  remove(reader: R): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #total(): number {
    let total = 0;
    for (const reader of this.#readers.keys()) total += reader.unsentBytes;
    return total;
  }

  #slowest(): R | undefined {
    let slowest: R | undefined;
    let leastMs = Infinity;
    for (const [reader, progress] of this.#readers) {
      const movedMs = this.#movedMs(reader, progress);
      if (movedMs >= leastMs) continue;
      slowest = reader;
      leastMs = movedMs;
    }
    return slowest;
  }

  #movedMs(reader: R, progress: Progress): number {
    if (reader.takenBytes !== progress.takenBytes) {
      progress.takenBytes = reader.takenBytes;
      progress.movedMs = performance.now();
      progress.isSuspect = false;
    }
    return progress.movedMs;
  }

  #cutStalled(): void {
    const now = performance.now();
    for (const [reader, progress] of this.#readers) {
      if (now - this.#movedMs(reader, progress) < this.#limits.sendStallMs) continue;
      if (!progress.isSuspect) progress.isSuspect = true;
      else {
        this.remove(reader);
        this.#cut(reader, "stalled");
      }
    }
  }
}
