// Bounds what clients make this process hold of commands that can't be answered yet, all together:
// unfinished commands, pipelines that wait, open transactions. The one that holds most is cut first.
import type { RedisLimits } from "./limits.js";

interface Holder {
  readonly heldBytes: number;
}

/** Who holds less isn't counted, nor cut: what one read of a socket brings is mostly less. */
const SMALL_BYTES = 16 * 1024;

export class HeldInput<H extends Holder> {
  readonly #maxBytes: number;
  readonly #cut: (holder: H) => void;
  readonly #held = new Map<H, number>();
  #total = 0;

  constructor(
    { maxAllInputBytes }: Pick<RedisLimits, "maxAllInputBytes">,
    cut: (holder: H) => void,
  ) {
    this.#maxBytes = maxAllInputBytes;
    this.#cut = cut;
  }

  /** It is time to read nothing more of clients whose commands wait anyway. */
  get isCrowded(): boolean {
    return this.#total > this.#maxBytes / 2;
  }

  /** It holds more or less than before. */
  update(holder: H): void {
    const { heldBytes } = holder;
    if (heldBytes <= SMALL_BYTES) {
      this.remove(holder);
      return;
    }
    this.#total += heldBytes - (this.#held.get(holder) ?? 0);
    this.#held.set(holder, heldBytes);
    while (this.#total > this.#maxBytes) {
      const largest = this.#largest();
      this.remove(largest);
      this.#cut(largest);
    }
  }

  /** It holds nothing any more, or is gone. */
  remove(holder: H): void {
    this.#total -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }

  /** There is one: their sum isn't 0. */
  #largest(): H {
    const [first, ...others] = this.#held;
    if (first === undefined) throw new Error("unreachable");
    let largest = first;
    for (const one of others) if (one[1] > largest[1]) largest = one;
    return largest[0];
  }
}
