// Notes when the node takes a snapshot of its state: from the capture until it is saved. One that
// fails, of which the node warns, lasts until the next one is saved.
import type { Kv } from "@raftkit/kv";
import type { SnapshotReport } from "./ipc.js";

export class Taking {
  readonly #onChange: (isTaking: boolean) => void;
  #isTaking = false;
  #wasTaking = false;
  #captureMaxMs = 0;
  #taken = 0;
  #installed = 0;

  constructor(onChange: (isTaking: boolean) => void) {
    this.#onChange = onChange;
  }

  /** The same state machine, whose captures are noted. */
  watched(kv: Kv): Kv {
    return {
      ...kv,
      snapshot: () => {
        this.#change(true);
        const start = performance.now();
        const state = kv.snapshot();
        this.#captureMaxMs = Math.max(this.#captureMaxMs, performance.now() - start);
        return state;
      },
    };
  }

  /** The node's event. */
  saved(origin: "own" | "leader"): void {
    if (origin === "leader") this.#installed++;
    else {
      this.#taken++;
      this.#change(false);
    }
  }

  #change(isTaking: boolean): void {
    if (isTaking === this.#isTaking) return;
    this.#isTaking = isTaking;
    this.#wasTaking = true;
    this.#onChange(isTaking);
  }

  report(): SnapshotReport {
    const report = {
      taken: this.#taken,
      installed: this.#installed,
      wasTaking: this.#wasTaking,
      captureMaxMs: this.#captureMaxMs,
    };
    this.#wasTaking = this.#isTaking;
    this.#captureMaxMs = 0;
    return report;
  }
}
