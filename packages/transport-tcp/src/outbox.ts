// The frames that wait to be written to one socket: gathered during a turn of the event loop,
// written at once. Heartbeats never wait behind data: a large message is sent in pieces, as many at
// a time as the window allows, with small messages in between. Small ones keep their order, and so
// do large ones. It never holds more than its limit, and writes nothing while the socket asks to
// wait.
import type { Socket } from "node:net";
import type { Clock } from "@raftkit/core";
import { FrameKind, writeU32 } from "./frame.js";
import { PieceCutter, WHOLE_MAX_BYTES } from "./pieces.js";
import { PieceWindow } from "./window.js";
import { writeFrames } from "./write.js";
import type { OutFrame } from "./write.js";

/** What a waiting frame costs beside its bytes. */
const FRAME_COST_BYTES = 64;

interface Waiting extends OutFrame {
  /** Of a large message. */
  readonly cutter: PieceCutter | undefined;
}

export class Outbox {
  readonly #socket: Socket;
  readonly #maxQueueBytes: number;
  readonly #window: PieceWindow;
  #waiting: Waiting[] = [];
  /** How many of them are large. */
  #large = 0;
  /** What `#waiting` holds, with its cost. */
  #bytes = 0;
  /** How many pieces came in that the other side hasn't been told of. */
  #received = 0;
  #scheduled = false;
  /** Called when a full outbox has room again. */
  readonly #drained: () => void;

  constructor(socket: Socket, maxQueueBytes: number, clock: Clock, drained: () => void) {
    this.#socket = socket;
    this.#maxQueueBytes = maxQueueBytes;
    this.#window = new PieceWindow(clock);
    this.#drained = drained;
    socket.on("drain", () => {
      this.flush();
      this.#drained();
    });
  }

  /** Bytes that haven't reached the operating system. */
  get waiting(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  /** @returns false when there is no room: dropped */
  push(kind: number, parts: readonly Uint8Array[], length: number): boolean {
    const cost = length + FRAME_COST_BYTES;
    if (this.waiting + cost > this.#maxQueueBytes) return false;
    const cutter = length > WHOLE_MAX_BYTES ? new PieceCutter(parts, length) : undefined;
    this.#waiting.push({ kind, parts, length, cutter });
    this.#bytes += cost;
    if (cutter !== undefined) this.#large += 1;
    this.#schedule();
    return true;
  }

  /** A piece came in: the other side is told, however full this is. */
  received(): void {
    this.#received += 1;
    this.#schedule();
  }

  /**
   * The other side has taken so many pieces.
   * @returns false when it was not sent so many
   */
  taken(count: number): boolean {
    if (!this.#window.taken(count)) return false;
    if (this.#waiting.length > 0) this.#schedule();
    this.#drained();
    return true;
  }

  /**
   * Hands to the socket what may leave now.
   * @param all whatever waits, also what the window has no room for
   */
  flush(all = false): void {
    if (!this.#socket.writable) return;
    const frames =
      this.#large > 0 ? this.#take(all ? Infinity : this.#window.room) : this.#takeAll();
    if (this.#received > 0) frames.unshift(this.#confirmation());
    if (frames.length > 0) writeFrames(this.#socket, frames);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // A microtask: the frames of one turn are all sent from one callback, and what other callbacks
    // do must not hold them up.
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#socket.writableNeedDrain) this.flush();
    });
  }

  /** The usual case: there is nothing large. */
  #takeAll(): OutFrame[] {
    const frames = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    return frames;
  }

  /**
   * In the order in which they came; but a large message for which there is no room in the window
   * lets everything small pass, and only then come as many of its pieces as there is room for.
   */
  #take(roomPieces: number): OutFrame[] {
    const frames: OutFrame[] = [];
    let room = roomPieces;
    const blocked: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const pieces = waiting.cutter?.piecesLeft ?? 0;
      if (waiting.cutter === undefined) {
        frames.push(waiting);
        this.#bytes -= waiting.length + FRAME_COST_BYTES;
      } else if (blocked.length === 0 && pieces <= room) {
        this.#cut(waiting.cutter, pieces, frames);
        this.#bytes -= FRAME_COST_BYTES;
        room -= pieces;
      } else blocked.push(waiting);
    }
    this.#waiting = blocked;
    this.#large = blocked.length;
    const cutter = blocked[0]?.cutter;
    if (cutter !== undefined) this.#cut(cutter, room, frames);
    return frames;
  }

  #confirmation(): OutFrame {
    const count = new Uint8Array(4);
    writeU32(count, 0, this.#received);
    this.#received = 0;
    return { kind: FrameKind.taken, parts: [count], length: count.length };
  }

  #cut(cutter: PieceCutter, count: number, frames: OutFrame[]): void {
    for (let i = 0; i < count; i++) {
      const { parts, dataBytes } = cutter.next();
      let length = 0;
      for (const part of parts) length += part.length;
      frames.push({ kind: FrameKind.piece, parts, length });
      this.#bytes -= dataBytes;
      this.#window.sent();
    }
  }
}
