// What a connection has in flight, kept in slots: a request costs no object of its own.
import type { OnAnswer } from "./load-client.js";

export class Slots {
  readonly #since: number[] = [];
  readonly #keys: number[] = [];
  readonly #onAnswer: OnAnswer[] = [];
  readonly #free: number[] = [];

  get taken(): number {
    return this.#since.length - this.#free.length;
  }

  take(key: number, since: number, onAnswer: OnAnswer): number {
    const slot = this.#free.pop() ?? this.#since.length;
    this.#since[slot] = since;
    this.#keys[slot] = key;
    this.#onAnswer[slot] = onAnswer;
    return slot;
  }

  /** Frees the slot, and tells who waits. */
  answer(slot: number, ok: boolean): void {
    this.#free.push(slot);
    const [since = 0, key = 0] = [this.#since[slot], this.#keys[slot]];
    this.#onAnswer[slot]?.(ok, performance.now() - since, key);
  }
}
