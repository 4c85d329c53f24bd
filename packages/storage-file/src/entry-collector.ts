// What recovery returns: the entries that it reads, copied out of their frames into few pieces. So
// opening needs the memory of the entries, not that of the files.
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
  /** The run that grows at the end of the chunk; it counts when it is ended. */
  #growing: { readonly firstIndex: number; readonly from: number; count: number } | undefined;

  /** Carries out one operation that `nextLogState` accepted. Keeps no view of a run's bytes. */
  change(operation: LogOperation): void {
    if (operation.type === "append") this.#append(operation.run);
    else if (operation.type !== "hardState") {
      this.#end();
      changeRuns(this.#runs, operation);
    }
  }

  /** @returns all entries. A chunk of which little is left, after truncations, is not kept. */
  take(): readonly EntryRun[] {
    this.#end();
    return this.#runs.map((run) =>
      run.bytes.length * 2 < run.bytes.buffer.byteLength
        ? { ...run, bytes: run.bytes.slice() }
        : run,
    );
  }

  #append({ firstIndex, count, bytes }: EntryRun): void {
    if (bytes.length > SHARING_BYTES_MAX) {
      this.#end();
      this.#runs.push({ firstIndex, count, bytes: bytes.slice() });
      return;
    }
    if (this.#used + bytes.length > this.#chunk.length) {
      this.#end();
      const wanted = Math.max(CHUNK_BYTES_MIN, bytes.length, 2 * this.#chunk.length);
      const { buffer } = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES_MAX, wanted));
      this.#chunk = new Uint8Array(buffer);
      this.#used = 0;
    }
    this.#growing ??= { firstIndex, from: this.#used, count: 0 };
    this.#growing.count += count;
    this.#chunk.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #end(): void {
    if (this.#growing === undefined) return;
    const { firstIndex, count, from } = this.#growing;
    this.#runs.push({ firstIndex, count, bytes: this.#chunk.subarray(from, this.#used) });
    this.#growing = undefined;
  }
}
