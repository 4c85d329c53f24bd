// Puts the frames of one sender together again. Holds one frame at most, and only pieces in strict
// sequence: whatever else comes means that a request was lost, and drops the frame that was begun.
// Raft sends again what it still needs.
import type { Piece } from "./pieces.js";

export interface Reassembly {
  /** @returns a frame that is now whole. */
  add(piece: Piece): Uint8Array | undefined;
  reset(): void;
}

interface Begun {
  readonly frame: number;
  readonly bytes: Uint8Array;
  filled: number;
}

export function createReassembly(): Reassembly {
  let begun: Begun | undefined;
  return {
    add({ frame, total, offset, data }) {
      if (offset === 0) {
        begun = undefined;
        // Copied, so that a small frame that is kept doesn't keep a whole body, and frames share no
        // memory.
        if (data.length === total) return data.slice();
        begun = { frame, bytes: new Uint8Array(total), filled: 0 };
      }
      if (
        begun === undefined ||
        begun.frame !== frame ||
        begun.bytes.length !== total ||
        begun.filled !== offset
      ) {
        begun = undefined;
        return undefined;
      }
      begun.bytes.set(data, offset);
      begun.filled += data.length;
      if (begun.filled < total) return undefined;
      const { bytes } = begun;
      begun = undefined;
      return bytes;
    },
    reset() {
      begun = undefined;
    },
  };
}
