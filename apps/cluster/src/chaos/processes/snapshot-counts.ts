// How many snapshots the nodes of a run saved and installed: each writes a line for each one into
// its log, which outlives the process that wrote it.
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

export interface SnapshotCounts {
  /** A node's own, saved and read back whole. */
  readonly saved: number;
  /** The leader's, received and put in the log's place. */
  readonly installed: number;
}

/** A line of raftkit's log about a snapshot. */
const snapshotLine = z.object({
  origin: z.enum(["own", "leader"]),
  index: z.number(),
  bytes: z.number(),
});

/**
 * @param files the logs of all nodes, one JSON object a line; what isn't there counts for nothing
 */
export function countSnapshots(files: readonly string[]): SnapshotCounts {
  const origins = files
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, "utf8").split("\n").flatMap(originOf));
  return {
    saved: origins.filter((origin) => origin === "own").length,
    installed: origins.filter((origin) => origin === "leader").length,
  };
}

function originOf(line: string): readonly ("own" | "leader")[] {
  if (!line.includes('"origin":')) return [];
  try {
    const parsed = snapshotLine.safeParse(JSON.parse(line));
    return parsed.success ? [parsed.data.origin] : [];
  } catch {
    // The last line of a process that was killed may be half a line.
    return [];
  }
}
