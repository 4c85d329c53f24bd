// A connection to a server under load. What is in flight is kept in slots, so that a request costs
// no object of its own.
import { connect } from "node:net";
import type { Socket } from "node:net";
import { createRequests, onReplies, STATUS_OK } from "./protocol.js";

/** Told of each answer: `ms` since the time that was given with the request. */
export type OnAnswer = (ok: boolean, ms: number, key: number) => void;

export class Client {
  readonly #socket: Socket;
  readonly #request: (id: number, key: number, value?: Uint8Array) => void;
  readonly #since: number[] = [];
  readonly #keys: number[] = [];
  readonly #onAnswer: OnAnswer[] = [];
  readonly #free: number[] = [];
  #isClosed = false;
  /** Rejects when the connection ends before `close`. */
  readonly lost: Promise<never>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#request = createRequests(socket);
    this.lost = new Promise((_, reject) => {
      socket.on("error", () => {});
      socket.once("close", () => {
        if (!this.#isClosed) reject(new Error("the server closed the connection of the load"));
      });
    });
    // Whoever waits for an answer waits for this, too; nobody else has to.
    this.lost.catch(() => {});
    onReplies(socket, (slot, status) => {
      this.#free.push(slot);
      const [since = 0, key = 0] = [this.#since[slot], this.#keys[slot]];
      this.#onAnswer[slot]?.(status === STATUS_OK, performance.now() - since, key);
    });
  }

  static async connect(port: number): Promise<Client> {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    socket.setNoDelay(true);
    return new Client(socket);
  }

  get inFlight(): number {
    return this.#since.length - this.#free.length;
  }

  write(key: number, value: Uint8Array, since: number, onAnswer: OnAnswer): void {
    this.#request(this.#slotFor(key, since, onAnswer), key, value);
  }

  read(key: number, since: number, onAnswer: OnAnswer): void {
    this.#request(this.#slotFor(key, since, onAnswer), key);
  }

  #slotFor(key: number, since: number, onAnswer: OnAnswer): number {
    const slot = this.#free.pop() ?? this.#since.length;
    this.#since[slot] = since;
    this.#keys[slot] = key;
    this.#onAnswer[slot] = onAnswer;
    return slot;
  }

  /** Nothing that is in flight is answered any more. */
  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
  }
}
