// Reads a segment front to back, a piece at a time: only one piece is in memory, or one frame if
// that is larger.
import { readInto } from "./file-io.js";
import type { FileHandle } from "./file-system.js";
import type { FrameHeader } from "./frame.js";
import { FRAME_HEADER_BYTES, isFrameWhole, readFrameHeader } from "./frame.js";
import type { LogRecord } from "./record.js";
import { decodeRecords } from "./record.js";

const PIECE_BYTES = 1024 * 1024;

export class SegmentReader {
  #buffer = Buffer.allocUnsafeSlow(0);
  #piece: Buffer = this.#buffer;
  #view = new DataView(this.#buffer.buffer);
  /** Where in the file the piece begins. */
  #start = 0;
  #handle: FileHandle | undefined;
  #size = 0;

  /** Turns to another segment, of `size` bytes, open by this handle. */
  turnTo(handle: FileHandle, size: number): void {
    this.#handle = handle;
    this.#size = size;
    this.#piece = this.#buffer.subarray(0, 0);
    this.#start = 0;
  }

  /** @returns the header of the frame at `offset` if there is a whole and undamaged frame */
  async frameAt(offset: number, salt: Uint8Array): Promise<FrameHeader | undefined> {
    if (!this.#has(offset, FRAME_HEADER_BYTES)) await this.#read(offset, FRAME_HEADER_BYTES);
    let header = readFrameHeader(this.#piece, this.#view, offset - this.#start, salt);
    if (header === undefined || offset + header.bytes > this.#size) return undefined;
    if (!this.#has(offset, header.bytes)) {
      await this.#read(offset, header.bytes);
      header = readFrameHeader(this.#piece, this.#view, offset - this.#start, salt);
    }
    return header !== undefined && isFrameWhole(this.#piece, offset - this.#start, header)
      ? header
      : undefined;
  }

  /** @returns the records of the frame that was looked at last, their runs as views of the piece */
  records(offset: number, header: FrameHeader): LogRecord[] | undefined {
    const from = offset - this.#start;
    return decodeRecords(this.#piece, this.#view, from + FRAME_HEADER_BYTES, from + header.bytes);
  }

  #has(offset: number, length: number): boolean {
    return offset >= this.#start && offset + length <= this.#start + this.#piece.length;
  }

  async #read(offset: number, length: number): Promise<void> {
    const wanted = Math.max(length, Math.min(PIECE_BYTES, this.#size));
    if (wanted > this.#buffer.length) {
      this.#buffer = Buffer.allocUnsafeSlow(wanted);
      this.#view = new DataView(this.#buffer.buffer);
    }
    const got = this.#handle === undefined ? 0 : await readInto(this.#handle, this.#buffer, offset);
    this.#piece = this.#buffer.subarray(0, got);
    this.#start = offset;
  }
}
