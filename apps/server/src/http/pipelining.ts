// The order of pipelined requests of one connection (RFC 9112 §9.3.2): safe ones may run in
// parallel, any other one runs alone, and nobody overtakes.

export interface RequestOrder {
  /**
   * Calls `start` when its turn has come, perhaps at once.
   * @returns to be called when the request is over, also if it never started
   */
  enter(safe: boolean, start: () => void): () => void;
  /** Requests whose turn hasn't come. */
  readonly waiting: number;
}

interface Turn {
  readonly safe: boolean;
  readonly start: () => void;
}

export function createRequestOrder(maxConcurrent: number): RequestOrder {
  const running = new Set<Turn>();
  const waiting = new Set<Turn>();
  const mayStart = ({ safe }: Turn): boolean =>
    running.size === 0 ||
    (safe && running.size < maxConcurrent && [...running].every((turn) => turn.safe));
  const startNext = (): void => {
    for (const turn of waiting) {
      if (!mayStart(turn)) return;
      waiting.delete(turn);
      running.add(turn);
      turn.start();
    }
  };
  return {
    enter(safe, start) {
      const turn = { safe, start };
      waiting.add(turn);
      startNext();
      return () => {
        const left = waiting.delete(turn) || running.delete(turn);
        if (left) startNext();
      };
    },
    get waiting() {
      return waiting.size;
    },
  };
}
