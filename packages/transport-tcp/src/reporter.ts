// Reports refused peers, once per peer and cause, and then more and more rarely: the 10th time, the
// 100th. Strangers choose how many causes there are, so only a limited number is remembered.
import { PeerRejected } from "./errors.js";
import type { Refusal } from "./errors.js";

const REMEMBERED_MAX = 256;

export class Reporter {
  readonly #tell: (error: PeerRejected) => void;
  readonly #times = new Map<string, number>();

  constructor(tell: (error: PeerRejected) => void) {
    this.#tell = tell;
  }

  /** @param source who it was, as far as is known: its id, the seed, or its host */
  report(refusal: Refusal, remote: string, peer: string | undefined, source: string): void {
    const key = `${refusal.code} ${source}`;
    const times = (this.#times.get(key) ?? 0) + 1;
    this.#times.delete(key);
    this.#times.set(key, times);
    if (this.#times.size > REMEMBERED_MAX) {
      for (const oldest of this.#times.keys()) {
        this.#times.delete(oldest);
        break;
      }
    }
    if (!Number.isInteger(Math.log10(times))) return;
    const message = times === 1 ? refusal.message : `${refusal.message} (${times} times)`;
    this.#tell(new PeerRejected({ code: refusal.code, message }, remote, peer));
  }

  /**
   * The introduction went well: should it fail again, that is news. A stream that breaks each time
   * is not.
   */
  forget(source: string): void {
    for (const key of this.#times.keys()) {
      if (
        key.endsWith(` ${source}`) &&
        !key.startsWith("CORRUPT_STREAM") &&
        !key.startsWith("FRAME_TOO_LARGE")
      ) {
        this.#times.delete(key);
      }
    }
  }
}
