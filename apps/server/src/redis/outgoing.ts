// Sends one client's replies, piece by piece, as it reads: so a client that reads a large reply
// slowly is seen to read, and is left alone.
import type { Socket } from "node:net";
import type { RedisLimits } from "./limits.js";

/** A client that reads so much has read something, and counts as one that goes on. */
const PIECE_BYTES = 256 * 1024;

export class Outgoing {
  readonly #socket: Socket;
  readonly #limits: Pick<RedisLimits, "maxUnsentBytes" | "lingerMs">;
  readonly #backedUp: () => void;
  /** In latin1; what is before `#at` was handed to the socket. */
  #text = "";
  #at = 0;
  #isBackedUp = false;
  #isEnding = false;

  /** @param backedUp the client reads more slowly than replies come; until the socket drains */
  constructor(
    socket: Socket,
    limits: Pick<RedisLimits, "maxUnsentBytes" | "lingerMs">,
    backedUp: () => void,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.#backedUp = backedUp;
  }

  get unsentBytes(): number {
    return this.#socket.writableLength + this.#text.length - this.#at;
  }

  /** What its client has read so far, as far as the system tells. */
  get takenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  /**
   * No more replies should be made, until the socket drains: it tells only who was told to wait, from
   * 16 KiB on in Node 20 and from 64 KiB on in later ones.
   */
  get isFull(): boolean {
    return this.#isBackedUp && this.unsentBytes > this.#limits.maxUnsentBytes;
  }

  /** @param text in latin1 */
  write(text: string): void {
    this.#text = this.#text.slice(this.#at) + text;
    this.#at = 0;
    this.#send();
  }

  /** The socket has drained. */
  drained(): void {
    this.#isBackedUp = false;
    this.#send();
  }

  /**
   * Ends the connection behind what was written: once all of it is sent, the client has a moment to
   * end its own side, or to read what the system still holds.
   */
  end(): void {
    this.#isEnding = true;
    this.#send();
  }

  #send(): void {
    while (!this.#isBackedUp && this.#at < this.#text.length) {
      const piece = this.#text.slice(this.#at, this.#at + PIECE_BYTES);
      this.#at += piece.length;
      if (!this.#socket.write(piece, "latin1")) this.#wait();
    }
    if (this.#at < this.#text.length) return;
    this.#text = "";
    this.#at = 0;
    if (!this.#isEnding || this.#socket.writableEnded) return;
    if (this.#socket.writableLength > 0) this.#wait();
    this.#socket.end(() => {
      setTimeout(() => this.#socket.destroy(), this.#limits.lingerMs).unref();
    });
  }

  #wait(): void {
    this.#isBackedUp = true;
    this.#backedUp();
  }
}
