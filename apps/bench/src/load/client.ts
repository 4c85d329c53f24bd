// A connection of the load that speaks the benchmark's own protocol.
import type { Socket } from "node:net";
import { openSocket, watchConnection } from "./connection.js";
import type { Connection } from "./connection.js";
import type { LoadClient, OnAnswer } from "./load-client.js";
import { createRequests, onReplies, STATUS_OK } from "./protocol.js";
import { Slots } from "./slots.js";

export class Client implements LoadClient {
  readonly #connection: Connection;
  readonly #request: (id: number, key: number, value?: Uint8Array) => void;
  readonly #slots = new Slots();

  private constructor(socket: Socket) {
    this.#connection = watchConnection(socket);
    this.#request = createRequests(socket);
    onReplies(socket, (slot, status) => this.#slots.answer(slot, status === STATUS_OK));
  }

  static async connect(port: number): Promise<Client> {
    return new Client(await openSocket(port));
  }

  get inFlight(): number {
    return this.#slots.taken;
  }

  get lost(): Promise<never> {
    return this.#connection.lost;
  }

  write(key: number, value: Uint8Array, since: number, onAnswer: OnAnswer): void {
    this.#request(this.#slots.take(key, since, onAnswer), key, value);
  }

  read(key: number, since: number, onAnswer: OnAnswer): void {
    this.#request(this.#slots.take(key, since, onAnswer), key);
  }

  close(): void {
    this.#connection.close();
  }
}
