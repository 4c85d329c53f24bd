// Work in slices: long work gives the event loop back, so that waiting input gets its turn.
import type { Clock } from "@raftkit/core";

const SLICE_MS = 3;

export class Slices {
  readonly #clock: Clock;
  #end: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#end = clock.now() + SLICE_MS;
  }

  /** Waits for what came in meanwhile, when the slice is over. */
  async rest(): Promise<void> {
    if (this.#clock.now() < this.#end) return;
    await new Promise<void>((resume) => this.#clock.defer(resume));
    this.#end = this.#clock.now() + SLICE_MS;
  }
}

/** The same pieces, with rests in between. */
export async function* inSlices<T>(
  source: AsyncIterable<T>,
  clock: Clock,
): AsyncGenerator<T, void, void> {
  const slices = new Slices(clock);
  for await (const piece of source) {
    yield piece;
    await slices.rest();
  }
}
