// Cursors of SCAN: clients take them for numbers of 64 bits, and a position is a key. So each
// page's last key is remembered under a number, by the server: a client may go on over another
// connection.

export class Cursors {
  readonly #max: number;
  /** In the order in which they were given out. */
  readonly #keys = new Map<string, string>();
  /** At random, so that a cursor of another node, or from before a restart, is recognised. */
  #last: number = Math.floor(Math.random() * 2 ** 48);

  constructor(max: number) {
    this.#max = max;
  }

  /** @param key the page's last */
  remember(key: string): string {
    const cursor = String(++this.#last);
    this.#keys.set(cursor, key);
    for (const oldest of this.#keys.keys()) {
      if (this.#keys.size <= this.#max) break;
      this.#keys.delete(oldest);
    }
    return cursor;
  }

  /** Undefined: it isn't known, or no longer. */
  find(cursor: string): string | undefined {
    return this.#keys.get(cursor);
  }
}
