// What a connection remembers from command to command: its protocol, its name, its transaction.
import { BatchWriter } from "@raftkit/kv";
import type { KvOperationResult } from "@raftkit/kv";
import type { Protocol } from "./replies.js";

/** Makes a reply of the results of its command, `count` of them from `from` on. */
export type ReplyOf = (
  results: readonly KvOperationResult[],
  from: number,
  count: number,
  protocol: Protocol,
) => string;

/** A command whose reply isn't there yet, or is a text already. */
export interface Planned {
  readonly reply: ReplyOf | string;
  /** Its results in those of its batch, relative to the first one of its connection there. */
  readonly from: number;
  readonly count: number;
}

/** What a queued command, or a watched key, costs besides its bytes. */
const QUEUED_BYTES = 128;

/** What stands between MULTI and EXEC. */
export class Transaction {
  readonly writer: BatchWriter = new BatchWriter();
  readonly #planned: Planned[] = [];
  #replyBytes = 0;
  /** A command was refused when it was queued: EXEC executes nothing. */
  isRefused = false;

  get planned(): readonly Planned[] {
    return this.#planned;
  }

  /** Of its operations, and of the replies that are there already. */
  get bytes(): number {
    return this.writer.length + this.#replyBytes;
  }

  get heldBytes(): number {
    return this.bytes + this.#planned.length * QUEUED_BYTES;
  }

  add(one: Planned): void {
    this.#planned.push(one);
    if (typeof one.reply === "string") this.#replyBytes += one.reply.length;
  }
}

/** The modification index of a key when it was watched; 0: there was none. */
interface Watched {
  readonly key: Buffer;
  readonly index: number;
}

export class Session {
  readonly id: number;
  protocol: Protocol = 2;
  name = "";
  /** After READONLY: this node's own state answers reads. */
  readsLocally = false;
  transaction: Transaction | undefined;
  /** By the key's bytes in latin1. */
  readonly #watched = new Map<string, Watched>();
  #watchedBytes = 0;
  /** After QUIT: its reply is the last one. */
  isEnding = false;

  constructor(id: number) {
    this.id = id;
  }

  get watched(): ReadonlyMap<string, Watched> {
    return this.#watched;
  }

  /** What it makes the server keep. */
  get heldBytes(): number {
    return this.#watchedBytes + (this.transaction?.heldBytes ?? 0);
  }

  /** Whoever watches a key twice wants to know what happened since the first time. */
  watch(key: Buffer, index: number): void {
    const name = key.toString("latin1");
    if (this.#watched.has(name)) return;
    this.#watched.set(name, { key: Buffer.from(key), index });
    this.#watchedBytes += 2 * key.length + QUEUED_BYTES;
  }

  unwatch(): void {
    this.#watched.clear();
    this.#watchedBytes = 0;
  }

  /** As a new connection. */
  reset(): void {
    this.protocol = 2;
    this.name = "";
    this.readsLocally = false;
    this.transaction = undefined;
    this.unwatch();
  }
}

export function replyOf(
  { reply, from, count }: Planned,
  results: readonly KvOperationResult[],
  offset: number,
  protocol: Protocol,
): string {
  return typeof reply === "string" ? reply : reply(results, offset + from, count, protocol);
}
