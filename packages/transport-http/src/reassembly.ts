// Puts the frames of one sender together again. Whole frames pass; of large ones it holds at most
// one, and accepts only pieces in strict sequence: anything else means that a request was lost, and
// discards the unfinished frame. Raft retransmits what it still needs.
import { type GrowingBytes, createGrowingBytes } from "./growing-bytes.js";
import type { Piece } from "./pieces.js";

export interface Reassembly {
  /** How much memory the frame under way takes, in bytes: at most twice what has come of it. */
  readonly heldBytes: number;
  /** @returns a frame that is now whole. */
  add(piece: Piece): Uint8Array | undefined;
  reset(): void;
}

interface Begun {
  readonly frame: number;
  readonly total: number;
  readonly bytes: GrowingBytes;
}

export function createReassembly(): Reassembly {
  let begun: Begun | undefined;
  return {
    get heldBytes() {
      return begun?.bytes.capacity ?? 0;
    },
    add({ frame, total, offset, data }) {
      // Copied, so that a small frame that is kept doesn't keep a whole body, and frames share no
      // memory.
      if (data.length === total) return data.slice();
      if (offset === 0) begun = { frame, total, bytes: createGrowingBytes(total) };
      if (begun?.frame !== frame || begun.total !== total || begun.bytes.length !== offset) {
        begun = undefined;
        return undefined;
      }
      begun.bytes.append(data);
      if (begun.bytes.length < total) return undefined;
      const whole = begun.bytes.view();
      begun = undefined;
      return whole;
    },
    reset() {
      begun = undefined;
    },
  };
}
