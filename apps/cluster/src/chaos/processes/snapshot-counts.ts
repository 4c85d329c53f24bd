// How many snapshots the nodes of a run saved and installed: each writes a line for each one into
// its log, which outlives the process that wrote it.
import { z } from "zod";
import { logLines } from "./node-log.js";

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
  const origins = files.flatMap(logLines).flatMap((line) => {
    const parsed = snapshotLine.safeParse(line);
    return parsed.success ? [parsed.data.origin] : [];
  });
  return {
    saved: origins.filter((origin) => origin === "own").length,
    installed: origins.filter((origin) => origin === "leader").length,
  };
}
