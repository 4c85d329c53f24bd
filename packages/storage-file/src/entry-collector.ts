// What recovery returns: the entries that it reads, copied out of the frames around them, in few
// pieces and nothing else. So opening needs the memory of the entries, not that of the files.
import type { EntryRun, LogOperation } from "@raftkit/core";
import { changeRuns } from "@raftkit/core";

/** Chunks grow from the smaller to the larger size: most logs are short. */
const CHUNK_BYTES_MIN = 16 * 1024;
const CHUNK_BYTES_MAX = 1024 * 1024;
/** Larger runs get memory of their own: they would leave too much of a chunk unused. */
const SHARING_BYTES_MAX = 64 * 1024;

export class EntryCollector {
  readonly #runs: EntryRun[] = [];
  #chunk = new Uint8Array();
  #used = 0;

  /** Carries out one operation that `nextLogState` accepted. Keeps no view of a run's bytes. */
  change(operation: LogOperation): void {
    if (operation.type === "append") this.#append(operation.run);
    else changeRuns(this.#runs, operation);
  }

  /** @returns all entries. A chunk of which little is left, after truncations, is not kept. */
  take(): readonly EntryRun[] {
    return this.#runs.map((run) =>
      run.bytes.length * 2 < run.bytes.buffer.byteLength
        ? { ...run, bytes: run.bytes.slice() }
        : run,
    );
  }

  #append(run: EntryRun): void {
    const { length } = run.bytes;
    if (length > SHARING_BYTES_MAX) {
      this.#runs.push({ ...run, bytes: run.bytes.slice() });
      return;
    }
    if (this.#used + length > this.#chunk.length) {
      const bytes = Math.max(CHUNK_BYTES_MIN, length, 2 * this.#chunk.length);
      const { buffer } = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES_MAX, bytes));
      this.#chunk = new Uint8Array(buffer);
      this.#used = 0;
    }
    this.#chunk.set(run.bytes, this.#used);
    const last = this.#runs.at(-1);
    const joins =
      last?.bytes.buffer === this.#chunk.buffer &&
      last.bytes.byteOffset + last.bytes.length === this.#used;
    const from = joins ? last.bytes.byteOffset : this.#used;
    this.#used += length;
    const bytes = this.#chunk.subarray(from, this.#used);
    if (joins) {
      this.#runs[this.#runs.length - 1] = {
        firstIndex: last.firstIndex,
        count: last.count + run.count,
        bytes,
      };
    } else this.#runs.push({ ...run, bytes });
  }
}
