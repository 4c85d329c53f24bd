// One socket, dialled or accepted: first both sides introduce themselves, then frames flow both
// ways until it is cut. It detects a silent peer and a broken stream. It never decides who may
// connect: its owner does.
import type { Socket } from "node:net";
import { countDown } from "@raftkit/core";
import type { Clock, NodeId, Sender } from "@raftkit/core";
import { formatAddress } from "./address.js";
import type { Refusal, RejectionCode } from "./errors.js";
import { FrameKind, FrameReader, MAGIC, readU32 } from "./frame.js";
import { decodeHello, decodeRefusal, encodeJson } from "./hello.js";
import type { TcpHello } from "./hello.js";
import type { Settings } from "./options.js";
import { Outbox } from "./outbox.js";
import { PieceJoiner, WHOLE_MAX_BYTES } from "./pieces.js";

/** A side shows life this many times in the idle timeout. */
const SIGNS_PER_TIMEOUT = 4;

export interface ConnectionEvents {
  /** The other side introduced itself: answer with `open` or `refuse`. */
  hello(hello: TcpHello): void;
  message(frame: Uint8Array): void;
  /** The other side turned this one away. */
  refused(refusal: Refusal): void;
  /** The other side broke the protocol; the connection is being cut. */
  fault(code: RejectionCode, what: string): void;
  /** A full queue has room again. */
  drained(): void;
  /** The last call. */
  closed(error: NodeJS.ErrnoException | undefined): void;
}

export type SendResult = "sent" | "full" | "tooLarge";

export class Connection {
  /** `host:port` of the other side. */
  readonly remote: string;
  /** Resolves when the socket is closed. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #events: ConnectionEvents;
  readonly #outbox: Outbox;
  readonly #reader: FrameReader;
  readonly #joiner: PieceJoiner;
  #state: "greeting" | "open" | "ending" | "closed" = "greeting";
  #peer: Sender | undefined;
  #sought: NodeId | null = null;
  #cancelTimer: () => void = () => undefined;
  #error: NodeJS.ErrnoException | undefined;
  #introduced = false;
  #heard = false;
  #spoke = false;
  #carried = false;
  #heardAt: number;
  /** The chunk that is being read brought a message. */
  #brought = false;

  /** @param live the set in which it stays until its socket is closed */
  constructor(
    socket: Socket,
    remote: string | undefined,
    settings: Settings,
    live: Set<Connection>,
    events: ConnectionEvents,
  ) {
    this.remote = remote ?? formatAddress(socket.remoteAddress, socket.remotePort);
    this.#socket = socket;
    this.#clock = settings.clock;
    this.#heardAt = settings.clock.now();
    this.#settings = settings;
    this.#events = events;
    this.#outbox = new Outbox(socket, settings.maxQueueBytes, settings.clock, () => {
      events.drained();
    });
    this.#joiner = new PieceJoiner(settings.maxFrameBytes);
    this.#reader = new FrameReader(Math.min(settings.maxFrameBytes, WHOLE_MAX_BYTES), {
      frame: (kind, payload) => {
        this.#receive(kind, payload);
      },
      fault: (code, what) => {
        this.#fault(code, what);
      },
    });
    this.#countDown(settings.handshakeTimeoutMs, () => {
      this.#fault(
        "HANDSHAKE_TIMEOUT",
        `did not introduce itself within ${settings.handshakeTimeoutMs} ms`,
      );
    });
    socket.on("data", (chunk: Buffer) => {
      this.#heard = true;
      this.#reader.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
      if (!this.#brought) return;
      this.#brought = false;
      this.#heardAt = settings.clock.now();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#error = error;
    });
    // The other side has said its last: nothing that waits here would reach it.
    socket.on("end", () => {
      this.destroy();
    });
    live.add(this);
    this.ended = new Promise((resolve) => {
      socket.on("close", () => {
        this.#cancelTimer();
        this.#reader.stop();
        this.#joiner.drop();
        this.#state = "closed";
        live.delete(this);
        events.closed(this.#error);
        resolve();
      });
    });
  }

  /** Who is on the other side; undefined before `open`. */
  get peer(): Sender | undefined {
    return this.#peer;
  }

  /** The node that the other side expects; null if it accepts any, or was dialled itself. */
  get sought(): NodeId | null {
    return this.#sought;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Whether frames were ever sent on it: some may be lost with it. */
  get carried(): boolean {
    return this.#carried;
  }

  /** When the other side introduced itself or sent a message last. */
  get heardAt(): number {
    return this.#heardAt;
  }

  introduce(hello: TcpHello): void {
    this.#introduced = true;
    const payload = encodeJson(hello);
    this.#socket.write(MAGIC);
    this.#outbox.push(FrameKind.hello, [payload], payload.length);
    this.#outbox.flush();
  }

  /** From now on frames flow. */
  open(theirs: TcpHello): void {
    this.#state = "open";
    this.#heardAt = this.#clock.now();
    this.#peer = Object.freeze({ id: theirs.id, incarnation: theirs.incarnation, run: theirs.run });
    this.#sought = theirs.to;
    this.#watch(theirs.idleTimeoutMs);
  }

  send(parts: readonly Uint8Array[], length: number): SendResult {
    if (length > this.#settings.maxFrameBytes) return "tooLarge";
    this.#spoke = true;
    this.#carried = true;
    return this.#outbox.push(FrameKind.message, parts, length) ? "sent" : "full";
  }

  /** Says why, and ends. */
  refuse(refusal: Refusal): void {
    if (this.#state === "closed" || this.#state === "ending") return;
    const payload = encodeJson(refusal);
    if (!this.#introduced) this.#socket.write(MAGIC);
    this.#outbox.push(FrameKind.reject, [payload], payload.length);
    this.finish();
  }

  /** Sends what waits, then closes; at once if the other side is not quick. */
  finish(): void {
    if (this.#state === "closed" || this.#state === "ending") return;
    this.#state = "ending";
    this.#outbox.flush(true);
    // What still comes in is read and dropped: closing with unread input resets the connection and
    // loses the last words.
    this.#socket.end();
    this.#cancelTimer();
    this.#countDown(this.#settings.handshakeTimeoutMs, () => {
      this.destroy();
    });
  }

  /** Cuts it; what waits gets one chance to leave without waiting. */
  destroy(): void {
    if (this.#state === "open") this.#outbox.flush();
    if (this.#state !== "closed") this.#state = "ending";
    this.#reader.stop();
    this.#cancelTimer();
    this.#socket.destroy();
  }

  #receive(kind: number, payload: Uint8Array): void {
    if (this.#state === "open") {
      if (kind === FrameKind.message) this.#message(payload);
      else if (kind === FrameKind.piece) this.#join(payload);
      else if (kind === FrameKind.taken) this.#taken(payload);
      else if (kind === FrameKind.reject) this.#refused(payload);
      else if (kind === FrameKind.hello) {
        this.#fault("CORRUPT_STREAM", "introduced itself a second time");
      } else if (kind !== FrameKind.alive) {
        this.#fault("CORRUPT_STREAM", `sent a frame of unknown kind ${kind}`);
      }
    } else if (this.#state === "greeting") {
      const hello = kind === FrameKind.hello ? decodeHello(payload) : undefined;
      if (hello !== undefined) this.#events.hello(hello);
      else if (kind === FrameKind.reject) this.#refused(payload);
      else this.#fault("NOT_A_PEER", "sent an introduction that makes no sense");
    }
  }

  #join(piece: Uint8Array): void {
    const joined = this.#joiner.add(piece);
    if (joined.type === "fault") {
      this.#fault(joined.fault.code, joined.fault.message);
      return;
    }
    this.#outbox.received();
    if (joined.type === "whole") this.#message(joined.message);
  }

  #message(frame: Uint8Array): void {
    this.#brought = true;
    this.#events.message(frame);
  }

  #taken(count: Uint8Array): void {
    if (count.length !== 4 || !this.#outbox.taken(readU32(count, 0))) {
      this.#fault("CORRUPT_STREAM", "took pieces that it wasn't sent");
    }
  }

  #refused(payload: Uint8Array): void {
    const refusal = decodeRefusal(payload);
    if (refusal === undefined) {
      this.#fault("CORRUPT_STREAM", "sent a refusal that makes no sense");
      return;
    }
    this.#events.refused(refusal);
    this.destroy();
  }

  #fault(code: RejectionCode, what: string): void {
    if (this.#state === "closed" || this.#state === "ending") return;
    this.#events.fault(code, what);
    this.destroy();
  }

  /**
   * Shows life where this side is quiet, cuts where the other is. Counts periods instead of reading
   * a clock: after this process stood still, one period has passed, and what came in meanwhile is
   * read before the next.
   */
  #watch(theirTimeoutMs: number): void {
    const periodMs = Math.max(
      5,
      Math.min(this.#settings.idleTimeoutMs, theirTimeoutMs) / SIGNS_PER_TIMEOUT,
    );
    const quietMax = Math.ceil(this.#settings.idleTimeoutMs / periodMs);
    let quiet = 0;
    const look = (): void => {
      quiet = this.#heard ? 0 : quiet + 1;
      this.#heard = false;
      if (quiet >= quietMax) {
        this.destroy();
        return;
      }
      if (!this.#spoke) this.#outbox.push(FrameKind.alive, [], 0);
      this.#spoke = false;
      this.#cancelTimer = this.#after(periodMs, look);
    };
    this.#cancelTimer();
    this.#cancelTimer = this.#after(periodMs, look);
  }

  #countDown(delayMs: number, run: () => void): void {
    this.#cancelTimer = countDown(this.#clock, delayMs, run);
  }

  #after(delayMs: number, run: () => void): () => void {
    return this.#clock.schedule(this.#clock.now() + delayMs, run);
  }
}
