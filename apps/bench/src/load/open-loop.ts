// An open loop: requests at a fixed rate, whatever becomes of those before. Latency counts from the
// moment at which a request was due, so that a stall counts for all that it held up.

const TICK_MS = 1;

export interface OpenLoop {
  readonly perSecond: number;
  /** @param count of requests so far; @param due when this one was */
  readonly send: (count: number, due: number) => void;
}

/** @returns ends it */
export function startOpenLoop({ perSecond, send }: OpenLoop): () => void {
  const begin = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    for (let due = begin; ; sent++) {
      due = begin + (sent * 1000) / perSecond;
      if (due > now) break;
      send(sent, due);
    }
  }, TICK_MS);
  return () => clearInterval(timer);
}
