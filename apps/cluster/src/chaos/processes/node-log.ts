// What a node of a run has written into its log, which outlives the process that wrote it.
import { existsSync, readFileSync } from "node:fs";

/** One JSON object a line; what is none, and a file that isn't there, count for nothing. */
export function logLines(file: string): unknown[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line): unknown[] => {
      // The last line of a process that was killed may be half a line.
      try {
        return line.startsWith("{") ? [JSON.parse(line)] : [];
      } catch {
        return [];
      }
    });
}
