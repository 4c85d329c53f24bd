// A connection of the load that speaks RESP2, the Redis protocol: SET and GET, pipelined. Answers
// come in the order of the requests.
//
//   request = "*3" "$3" "SET" "$16" key "$n" value   or   "*2" "$3" "GET" "$16" key
//   reply   = "+OK"  or  "-" error  or  ":" integer  or  "$n" bytes  or  "$-1"
//
// Each line ends with CR LF.
import type { Socket } from "node:net";
import { Batch, cut } from "./batch.js";
import { openSocket, watchConnection } from "./connection.js";
import type { Connection } from "./connection.js";
import { KEY_BYTES, keyName, patchKey } from "./key-names.js";
import type { LoadClient, OnAnswer } from "./load-client.js";
import { Slots } from "./slots.js";

const [CR, PLUS, MINUS, COLON, DOLLAR] = [13, 43, 45, 58, 36];

const GET_HEAD = `*2\r\n$3\r\nGET\r\n$${KEY_BYTES}\r\n`;
const SET_HEAD = `*3\r\n$3\r\nSET\r\n$${KEY_BYTES}\r\n`;

/** A request that is sent again and again, with another key. */
interface Template {
  readonly bytes: Buffer;
  readonly keyAt: number;
}

function getTemplate(): Template {
  return { bytes: Buffer.from(`${GET_HEAD}${keyName(0)}\r\n`), keyAt: GET_HEAD.length };
}

function setTemplate(value: Uint8Array): Template {
  const head = Buffer.from(`${SET_HEAD}${keyName(0)}\r\n$${value.length}\r\n`);
  const bytes = Buffer.concat([head, value, Buffer.from("\r\n")]);
  return { bytes, keyAt: SET_HEAD.length };
}

export class RedisClient implements LoadClient {
  readonly #connection: Connection;
  readonly #batch: Batch;
  readonly #slots = new Slots();
  /** In the order of the requests; those before `#answered` are answered. */
  #order: number[] = [];
  #answered = 0;
  readonly #get = getTemplate();
  #set: { readonly value: Uint8Array; readonly template: Template } = {
    value: new Uint8Array(),
    template: setTemplate(new Uint8Array()),
  };

  private constructor(socket: Socket) {
    this.#connection = watchConnection(socket);
    this.#batch = new Batch(socket);
    cut(socket, (bytes, at) => this.#takeReply(bytes, at));
  }

  static async connect(port: number): Promise<RedisClient> {
    return new RedisClient(await openSocket(port));
  }

  get inFlight(): number {
    return this.#slots.taken;
  }

  get lost(): Promise<never> {
    return this.#connection.lost;
  }

  write(key: number, value: Uint8Array, since: number, onAnswer: OnAnswer): void {
    if (value !== this.#set.value) this.#set = { value, template: setTemplate(value) };
    this.#send(this.#set.template, key, since, onAnswer);
  }

  /** A key that isn't there is a failed read. */
  read(key: number, since: number, onAnswer: OnAnswer): void {
    this.#send(this.#get, key, since, onAnswer);
  }

  close(): void {
    this.#connection.close();
  }

  #send({ bytes, keyAt }: Template, key: number, since: number, onAnswer: OnAnswer): void {
    this.#order.push(this.#slots.take(key, since, onAnswer));
    const { slab, at } = this.#batch.take(bytes.length);
    bytes.copy(slab, at);
    patchKey(slab, at + keyAt, key);
  }

  #takeReply(bytes: Buffer, at: number): number {
    const lineEnd = bytes.indexOf(CR, at);
    if (lineEnd < 0 || lineEnd + 2 > bytes.length) return -1;
    const type = bytes[at];
    if (type === PLUS || type === COLON) return this.#answer(true, lineEnd + 2);
    if (type === MINUS) return this.#answer(false, lineEnd + 2);
    const length = Number(bytes.toString("latin1", at + 1, lineEnd));
    if (type !== DOLLAR || Number.isNaN(length)) {
      this.#connection.fail(`the server sent what is no answer to SET or GET: byte ${type}`);
      return -1;
    }
    if (length < 0) return this.#answer(false, lineEnd + 2);
    const end = lineEnd + 2 + length + 2;
    return end > bytes.length ? -1 : this.#answer(true, end);
  }

  #answer(ok: boolean, end: number): number {
    const slot = this.#order[this.#answered++];
    if (slot === undefined) {
      this.#connection.fail("the server sent an answer that nobody asked for");
      return -1;
    }
    if (this.#answered === this.#order.length || this.#answered >= 4096) {
      this.#order = this.#order.slice(this.#answered);
      this.#answered = 0;
    }
    this.#slots.answer(slot, ok);
    return end;
  }
}
