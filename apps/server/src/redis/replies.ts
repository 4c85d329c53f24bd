// Replies in RESP2 and RESP3, as strings of one character a byte (latin1): short ones cost no
// buffer each, and all replies of a turn are one write.

/** The version that the connection chose with HELLO. */
export type Protocol = 2 | 3;

export const OK = "+OK\r\n";
export const QUEUED = "+QUEUED\r\n";

export function integer(number: number | bigint | string): string {
  return `:${number}\r\n`;
}

export function simple(text: string): string {
  return `+${text}\r\n`;
}

/** @param text one line; it begins with a word in capitals, which programs look at */
export function error(text: string): string {
  return `-${text.replace(/[\r\n]+/g, " ")}\r\n`;
}

export function bulk(bytes: Uint8Array): string {
  return `$${bytes.length}\r\n${latin1(bytes)}\r\n`;
}

/** @param text in UTF-8 on the wire */
export function bulkText(text: string): string {
  return bulk(Buffer.from(text));
}

export function nil(protocol: Protocol): string {
  return protocol === 3 ? "_\r\n" : "$-1\r\n";
}

/** An array that there isn't: what a transaction that was given up returns. */
export function nilArray(protocol: Protocol): string {
  return protocol === 3 ? "_\r\n" : "*-1\r\n";
}

export function array(items: readonly string[]): string {
  return `*${items.length}\r\n${items.join("")}`;
}

/** Makes an array item by item, and says when it has become larger than it may be. */
export class ArrayReply {
  readonly #maxBytes: number;
  readonly #items: string[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#items.length;
  }

  /** @returns false: it is too large now, and of no use any more */
  add(item: string): boolean {
    this.#items.push(item);
    this.#bytes += item.length;
    return this.#bytes <= this.#maxBytes;
  }

  text(): string {
    return array(this.#items);
  }
}

/** In RESP2, an array of keys and values. */
export function map(entries: readonly (readonly [string, string])[], protocol: Protocol): string {
  const items = entries.map(([key, value]) => bulkText(key) + value).join("");
  return protocol === 3 ? `%${entries.length}\r\n${items}` : `*${2 * entries.length}\r\n${items}`;
}

export function set(items: readonly string[], protocol: Protocol): string {
  return `${protocol === 3 ? "~" : "*"}${items.length}\r\n${items.join("")}`;
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
