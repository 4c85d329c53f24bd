// Splits long work into slices that yield to the event loop, so that waiting input gets its turn.
import type { Clock } from "@raftkit/core";

/** A write that comes in meanwhile waits for so long, on each node that it goes through. */
const SLICE_MS = 1;

/** The same pieces, with rests in between. */
export async function* inSlices<T>(
  source: AsyncIterable<T>,
  clock: Clock,
): AsyncGenerator<T, void, void> {
  let end = clock.now() + SLICE_MS;
  for await (const piece of source) {
    yield piece;
    if (clock.now() < end) continue;
    await new Promise<void>((resume) => clock.defer(resume));
    end = clock.now() + SLICE_MS;
  }
}
