// Requests of the Redis protocol: arrays of bulk strings, or lines of plain text. Bounds are
// checked when a length is announced, before anything of that size is held. Decision 0050 says why
// this is our own.
import type { RedisLimits } from "./limits.js";

/** The client sent what is no request: it is told, and its connection is closed. */
export class ProtocolError extends Error {}

export type ParserLimits = Pick<
  RedisLimits,
  "maxArguments" | "maxArgumentBytes" | "maxCommandBytes" | "maxLineBytes"
>;

const ARRAY = 0x2a; // *
const BULK = 0x24; // $
const LF = 0x0a;
const CR = 0x0d;
const ZERO = 0x30;
const NO_BYTES = Buffer.alloc(0);
/** What an argument costs besides its bytes. */
const ARGUMENT_BYTES = 128;
/** What is copied of the next chunk at least, so that a usual command is whole. */
const SEAM_BYTES = 512;
/** Longer numbers are out of any bound. */
const DIGITS_MAX = 10;
/** No command has a longer name. */
const NAME_BYTES_MAX = 32;

export class RequestParser {
  readonly #limits: ParserLimits;
  #bytes: Buffer = NO_BYTES;
  #at = 0;
  /** What came since, until there is enough of it to go on. */
  #later: Buffer[] = [];
  #laterBytes = 0;
  /** While `#bytes` is the end of one chunk and, from `at` on, the beginning of the next one. */
  #seam: { readonly at: number; readonly next: Buffer } | undefined;
  /** So many bytes behind `#at` have to be there before it is worth a look. */
  #needed = 1;
  #arguments: Buffer[] = [];
  /** Arguments of the present command that are still to come; 0: a new one begins. */
  #missing = 0;
  #commandBytes = 0;
  #lastName: Buffer = Buffer.alloc(0);

  constructor(limits: ParserLimits) {
    this.#limits = limits;
  }

  /** Bytes that were received and not yet taken by a command. */
  get waitingBytes(): number {
    return this.#bytes.length - this.#at + this.#laterBytes;
  }

  /** What it keeps in memory, the arguments of a command that isn't whole yet included. */
  get heldBytes(): number {
    const unfinished = this.#missing > 0 ? heldBytesOf(this.#arguments, this.#commandBytes) : 0;
    return this.#bytes.length + this.#laterBytes + unfinished;
  }

  /** Of the arguments of the command that came last. */
  get commandBytes(): number {
    return this.#commandBytes;
  }

  /** @param chunk it is kept, and must not change */
  push(chunk: Buffer): void {
    this.#later.push(chunk);
    this.#laterBytes += chunk.length;
  }

  /**
   * The next command's arguments, its name first; never none. Undefined: more bytes are needed.
   * @throws {ProtocolError} once; it can't go on after that
   */
  next(): readonly Buffer[] | undefined {
    let args = this.#bytes.length - this.#at < this.#needed ? undefined : this.#parse();
    while (args === undefined && this.#laterBytes > 0 && this.waitingBytes >= this.#needed) {
      this.#join();
      args = this.#parse();
    }
    if (this.#seam !== undefined && args !== undefined) this.#leaveSeam(this.#seam);
    if (this.#at >= this.#bytes.length) {
      // Whoever waits, or is idle, holds nothing.
      this.#bytes = NO_BYTES;
      this.#at = 0;
    }
    return args;
  }

  #parse(): readonly Buffer[] | undefined {
    while (this.#missing === 0) {
      if (this.#at >= this.#bytes.length) {
        this.#needed = 1;
        return undefined;
      }
      if (this.#bytes[this.#at] !== ARRAY) {
        const words = this.#inline();
        if (words === undefined || words.length > 0) return words;
        continue;
      }
      const count = this.#length();
      if (count === undefined) return undefined;
      if (count > this.#limits.maxArguments) throw new ProtocolError("invalid multibulk length");
      // An empty array is nothing, as in Redis.
      this.#missing = Math.max(0, count);
      this.#arguments = [];
      this.#commandBytes = 0;
    }
    while (this.#missing > 0) {
      if (!this.#takeArgument()) return undefined;
    }
    return this.#arguments;
  }

  /** A command that two chunks share is put together without a copy of all that is behind it. */
  #join(): void {
    const left = this.#bytes.subarray(this.#at);
    const [next] = this.#later;
    // As much again at least: a line, whose end isn't known, is copied a few times only.
    const missing = Math.max(this.#needed - left.length, left.length, SEAM_BYTES);
    this.#at = 0;
    this.#seam = undefined;
    if (next !== undefined && this.#later.length === 1 && left.length === 0) {
      this.#bytes = next;
    } else if (next !== undefined && this.#later.length === 1 && next.length > 2 * missing) {
      this.#bytes = Buffer.concat([left, next.subarray(0, missing)]);
      this.#seam = { at: left.length, next };
      this.#later = [next.subarray(missing)];
      this.#laterBytes = next.length - missing;
      return;
    } else this.#bytes = Buffer.concat([left, ...this.#later]);
    this.#later = [];
    this.#laterBytes = 0;
  }

  /** Once no command is in both chunks any more. */
  #leaveSeam({ at, next }: { readonly at: number; readonly next: Buffer }): void {
    if (this.#at < at) return;
    this.#bytes = next;
    this.#at -= at;
    this.#seam = undefined;
    this.#laterBytes -= this.#later.shift()?.length ?? 0;
  }

  /** @returns where the line's CR LF begins; negative: it isn't whole */
  #lineEnd(): number {
    const end = this.#bytes.indexOf(LF, this.#at);
    if (end < 0) {
      const length = this.#bytes.length - this.#at;
      if (length > this.#limits.maxLineBytes) throw new ProtocolError("too big inline request");
      this.#needed = length + 1;
      return -1;
    }
    this.#needed = 1;
    if (end - this.#at > this.#limits.maxLineBytes) {
      throw new ProtocolError("too big inline request");
    }
    return end;
  }

  /** Takes the line at `#at`, a number behind its first byte. Undefined: it isn't whole. */
  #length(): number | undefined {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    let at = start;
    let number = 0;
    for (let digit = digitOf(bytes[at]); digit >= 0; digit = digitOf(bytes[++at])) {
      number = 10 * number + digit;
    }
    const isUsual = at > start && at - start <= DIGITS_MAX;
    if (!isUsual || bytes[at] !== CR || bytes[at + 1] !== LF) return this.#unusualLength();
    this.#at = at + 2;
    this.#needed = 1;
    return number;
  }

  /** One that is negative, wrong, or isn't whole. */
  #unusualLength(): number | undefined {
    const end = this.#lineEnd();
    if (end < 0) return undefined;
    const isArray = this.#bytes[this.#at] === ARRAY;
    const text = this.#bytes.toString("latin1", this.#at + 1, end);
    this.#at = end + 1;
    if (/^-?[0-9]{1,10}\r?$/.test(text)) return Number(text);
    throw new ProtocolError(isArray ? "invalid multibulk length" : "invalid bulk length");
  }

  /** @returns false: it isn't whole */
  #takeArgument(): boolean {
    const start = this.#at;
    if (start >= this.#bytes.length) {
      this.#needed = 1;
      return false;
    }
    if (this.#bytes[start] !== BULK) {
      const got = String.fromCharCode(this.#bytes[start] ?? 0);
      throw new ProtocolError(`expected '$', got '${got}'`);
    }
    const length = this.#length();
    if (length === undefined) return false;
    if (length < 0 || length > this.#limits.maxArgumentBytes) {
      throw new ProtocolError("invalid bulk length");
    }
    if (this.#commandBytes + length > this.#limits.maxCommandBytes) {
      throw new ProtocolError("too large request");
    }
    const end = this.#at + length;
    if (this.#bytes.length < end + 2) {
      // From its announcement on again, once all of it is there.
      this.#needed = end + 2 - start;
      this.#at = start;
      return false;
    }
    if (this.#bytes[end] !== CR || this.#bytes[end + 1] !== LF) {
      throw new ProtocolError("a bulk string doesn't end with CR LF");
    }
    this.#arguments.push(
      this.#arguments.length === 0
        ? this.#nameIn(this.#at, end)
        : this.#bytes.subarray(this.#at, end),
    );
    this.#commandBytes += length;
    this.#missing--;
    this.#at = end + 2;
    return true;
  }

  /** The same buffer for the same name again and again: most commands are like the one before. */
  #nameIn(start: number, end: number): Buffer {
    const last = this.#lastName;
    const { length } = last;
    let same = end - start === length ? 0 : -1;
    while (same >= 0 && same < length && last[same] === this.#bytes[start + same]) same++;
    if (same === length) return last;
    const name = this.#bytes.subarray(start, end);
    // A copy: it outlives what it came with.
    if (name.length <= NAME_BYTES_MAX) this.#lastName = Buffer.from(name);
    return name;
  }

  /** Words between spaces, for people; there are no quotes. Undefined: the line isn't whole. */
  #inline(): Buffer[] | undefined {
    const end = this.#lineEnd();
    if (end < 0) return undefined;
    const text = this.#bytes.toString("latin1", this.#at, end).trim();
    this.#at = end + 1;
    if (/["']/.test(text)) {
      throw new ProtocolError("quotes in a command in plain text aren't supported");
    }
    const words = text === "" ? [] : text.split(/\s+/);
    if (words.length > this.#limits.maxArguments) throw new ProtocolError("too many arguments");
    this.#commandBytes = text.length;
    return words.map((word) => Buffer.from(word, "latin1"));
  }
}

/** What a command costs in memory. @param bytes of its arguments */
export function heldBytesOf(args: readonly Buffer[], bytes: number): number {
  return bytes + args.length * ARGUMENT_BYTES;
}

/** Negative: it is none. */
function digitOf(byte: number | undefined): number {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9 ? byte - ZERO : -1;
}
