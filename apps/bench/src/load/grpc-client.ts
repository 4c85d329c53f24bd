// A connection of the load to etcd's gRPC port: Put and Range, each a stream of its own. As cheap
// for this process as the client of the Redis protocol, so that both systems get the same load from
// it.
import type { Socket } from "node:net";
import { Batch, cut } from "./batch.js";
import { openSocket, watchConnection } from "./connection.js";
import type { Connection } from "./connection.js";
import {
  ACK,
  endsStream,
  frame,
  FRAME_BYTES,
  FrameType,
  preface,
  PUT_PATH,
  putMessage,
  RANGE_PATH,
  rangeMessage,
  requestTemplate,
  saysOk,
  WINDOW_GROWTH,
  windowUpdate,
} from "./grpc-frames.js";
import type { RequestTemplate } from "./grpc-frames.js";
import { keyName, patchKey } from "./key-names.js";
import type { LoadClient, OnAnswer } from "./load-client.js";
import { Slots } from "./slots.js";

/** HTTP/2's initial window of a connection: etcd announces more as it reads. */
const INITIAL_WINDOW = 65_535;

interface Unsent {
  readonly template: RequestTemplate;
  readonly key: number;
  readonly slot: number;
}

export class GrpcClient implements LoadClient {
  readonly #connection: Connection;
  readonly #authority: string;
  readonly #batch: Batch;
  readonly #slots = new Slots();
  readonly #slotOfStream = new Map<number, number>();
  /** Waiting for the server's window. */
  #unsent: Unsent[] = [];
  #window = INITIAL_WINDOW;
  #received = 0;
  #nextStream = 1;
  readonly #range: RequestTemplate;
  #put: { readonly value: Uint8Array; readonly template: RequestTemplate };

  private constructor(socket: Socket, port: number) {
    this.#connection = watchConnection(socket);
    this.#authority = `127.0.0.1:${port}`;
    this.#range = requestTemplate(RANGE_PATH, this.#authority, rangeMessage(keyName(0)));
    this.#put = this.#putOf(new Uint8Array());
    this.#batch = new Batch(socket);
    this.#send(preface());
    cut(socket, (bytes, at) => {
      if (bytes.length - at < FRAME_BYTES) return -1;
      const end = at + FRAME_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) return -1;
      const [type = 0, flags = 0] = [bytes[at + 3], bytes[at + 4]];
      const stream = bytes.readUInt32BE(at + 5);
      this.#receive(type, flags, stream, bytes.subarray(at + FRAME_BYTES, end));
      return end;
    });
  }

  static async connect(port: number): Promise<GrpcClient> {
    return new GrpcClient(await openSocket(port), port);
  }

  get inFlight(): number {
    return this.#slots.taken;
  }

  get lost(): Promise<never> {
    return this.#connection.lost;
  }

  write(key: number, value: Uint8Array, since: number, onAnswer: OnAnswer): void {
    if (value !== this.#put.value) this.#put = this.#putOf(value);
    this.#request(this.#put.template, key, since, onAnswer);
  }

  read(key: number, since: number, onAnswer: OnAnswer): void {
    this.#request(this.#range, key, since, onAnswer);
  }

  close(): void {
    this.#connection.close();
  }

  #putOf(value: Uint8Array): { value: Uint8Array; template: RequestTemplate } {
    const body = putMessage(keyName(0), value);
    return { value, template: requestTemplate(PUT_PATH, this.#authority, body) };
  }

  #request(template: RequestTemplate, key: number, since: number, onAnswer: OnAnswer): void {
    const unsent = { template, key, slot: this.#slots.take(key, since, onAnswer) };
    if (this.#unsent.length > 0 || this.#window < template.dataBytes) this.#unsent.push(unsent);
    else this.#sendRequest(unsent);
  }

  #sendRequest({ template, key, slot }: Unsent): void {
    const { bytes, streamAt, keyAt, dataBytes } = template;
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#window -= dataBytes;
    this.#slotOfStream.set(stream, slot);
    const { slab, at } = this.#batch.take(bytes.length);
    bytes.copy(slab, at);
    for (const place of streamAt) slab.writeUInt32BE(stream, at + place);
    patchKey(slab, at + keyAt, key);
  }

  #sendWaiting(): void {
    let sent = 0;
    for (const one of this.#unsent) {
      if (this.#window < one.template.dataBytes) break;
      this.#sendRequest(one);
      sent++;
    }
    this.#unsent = this.#unsent.slice(sent);
  }

  #send(bytes: Buffer): void {
    const { slab, at } = this.#batch.take(bytes.length);
    bytes.copy(slab, at);
  }

  #receive(type: number, flags: number, stream: number, payload: Buffer): void {
    if (type === FrameType.settings && flags !== ACK) {
      this.#send(frame(FrameType.settings, ACK, 0, Buffer.alloc(0)));
    } else if (type === FrameType.ping && flags !== ACK) {
      this.#send(frame(FrameType.ping, ACK, 0, payload));
    } else if (type === FrameType.windowUpdate && stream === 0) {
      this.#window += payload.readUInt32BE();
      this.#sendWaiting();
    } else if (type === FrameType.goAway) {
      this.#connection.fail(
        `etcd ended the connection of the load: ${payload.toString("latin1", 8)}`,
      );
    } else if (type === FrameType.data) {
      this.#countReceived(payload.length);
    }
    if (!endsStream(type, flags)) return;
    this.#answer(stream, type === FrameType.headers && saysOk(payload));
  }

  #countReceived(bytes: number): void {
    this.#received += bytes;
    if (this.#received < WINDOW_GROWTH / 2) return;
    this.#send(windowUpdate(this.#received));
    this.#received = 0;
  }

  #answer(stream: number, ok: boolean): void {
    const slot = this.#slotOfStream.get(stream);
    if (slot === undefined) return;
    this.#slotOfStream.delete(stream);
    this.#slots.answer(slot, ok);
  }
}
