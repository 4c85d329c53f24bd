// Shares out the event loop: work that takes tens of milliseconds, as putting a page of 4 MiB into
// JSON, gets one turn each, so that heartbeats and other requests come in between.

/** Resolves when it is the caller's turn: in the order of the calls, one a turn of the event loop. */
export type NextTurn = () => Promise<void>;

export function createTurns(): NextTurn {
  let last = Promise.resolve();
  return () => (last = last.then(() => new Promise((resolve) => void setImmediate(resolve))));
}
