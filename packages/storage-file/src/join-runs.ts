// What recovery read, in as few pieces as possible.
import type { EntryRun } from "@raftkit/core";

/**
 * Turns runs that lie in one buffer, one behind the other, into one run, by moving their bytes
 * together. So a log of many small writes comes back as one run per segment. What lay between them
 * is lost.
 */
export function joinRuns(runs: readonly EntryRun[]): readonly EntryRun[] {
  const joined: EntryRun[] = [];
  for (let i = 0; i < runs.length;) {
    const start = runs[i];
    if (start === undefined) break;
    const whole = new Uint8Array(start.bytes.buffer);
    let end = start.bytes.byteOffset;
    let count = 0;
    for (
      let run = runs[i];
      run !== undefined && run.bytes.buffer === whole.buffer && run.bytes.byteOffset >= end;
      run = runs[++i]
    ) {
      whole.copyWithin(end, run.bytes.byteOffset, run.bytes.byteOffset + run.bytes.length);
      end += run.bytes.length;
      count += run.count;
    }
    const bytes = whole.subarray(start.bytes.byteOffset, end);
    joined.push({
      firstIndex: start.firstIndex,
      count,
      bytes: bytes.length * 2 < whole.length ? bytes.slice() : bytes,
    });
  }
  return joined;
}
