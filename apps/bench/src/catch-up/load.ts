// The load while a follower is away and comes back: writes and reads at fixed rates.
import type { Client } from "../load/client.js";
import { keyAt } from "../load/keys.js";
import { Latencies } from "../load/latencies.js";
import type { LatencyFigures } from "../load/latencies.js";
import { startOpenLoop } from "../load/open-loop.js";

export interface LoadRates {
  /** Writes a second. */
  readonly rate: number;
  /** Linearizable reads a second. */
  readonly reads: number;
}

export interface LoadFigures {
  readonly writes: LatencyFigures;
  readonly reads: LatencyFigures;
  readonly failedWrites: number;
  readonly failedReads: number;
}

const VALUE = Buffer.alloc(100, "y");
/** Written beside the state, so that this stays as large as it is. */
const WRITTEN_KEYS = 10_000;

export class Load {
  readonly #writes = new Latencies();
  readonly #reads = new Latencies();
  readonly #stops: readonly (() => void)[];
  #failedWrites = 0;
  #failedReads = 0;

  /** It begins at once. @param stateKeys of the state: those are read */
  constructor(client: Client, stateKeys: number, { rate, reads }: LoadRates) {
    const onWritten = (ok: boolean, ms: number): void => {
      if (ok) this.#writes.record(ms);
      else this.#failedWrites++;
    };
    const onRead = (ok: boolean, ms: number): void => {
      if (ok) this.#reads.record(ms);
      else this.#failedReads++;
    };
    this.#stops = [
      startOpenLoop({
        perSecond: rate,
        send: (count, due) =>
          client.write(stateKeys + keyAt(count, WRITTEN_KEYS), VALUE, due, onWritten),
      }),
      startOpenLoop({
        perSecond: reads,
        send: (count, due) => client.read(keyAt(count, stateKeys), due, onRead),
      }),
    ];
  }

  /** Of what was answered since the last reset. */
  figures(): LoadFigures {
    return {
      writes: this.#writes.figures(),
      reads: this.#reads.figures(),
      failedWrites: this.#failedWrites,
      failedReads: this.#failedReads,
    };
  }

  reset(): void {
    this.#writes.reset();
    this.#reads.reset();
    this.#failedWrites = 0;
    this.#failedReads = 0;
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }
}
