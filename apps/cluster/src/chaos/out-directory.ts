// Where a run leaves its report. A directory that has files of others is refused; what an earlier
// run left is replaced.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { ClusterError } from "../errors.js";
import {
  entriesOf,
  holdDirectory,
  makeDirectory,
  refuseIfInUse,
  writeWhole,
} from "../supervisor/owned-directory.js";

export const HISTORY = "history.jsonl";
export const FINAL_STATE = "final-state.json";
export const WATCHES = "watches.json";
export const OLDER_READS = "older-reads.json";
export const MEMBERS = "members.json";
export const REPORT_JSON = "report.json";
export const REPORT_HTML = "report.html";
const MARKER = "raftkit-chaos.json";
const OURS = [
  HISTORY,
  FINAL_STATE,
  WATCHES,
  OLDER_READS,
  MEMBERS,
  REPORT_JSON,
  REPORT_HTML,
  "logs",
  "data",
];

/**
 * Makes it ready for a run: ours, and empty.
 * @returns lets go of it
 * @throws {ClusterError} it has files but isn't a report's, or another run is using it
 */
export function takeOutDirectory(out: string): () => void {
  makeDirectory(out, "--out");
  const entries = entriesOf(out, "--out");
  if (entries.length > 0 && !entries.includes(MARKER)) {
    throw new ClusterError(
      "DATA_NOT_OURS",
      `${out} has files but no ${MARKER}, so it isn't a chaos report's; nothing was touched, choose another --out`,
    );
  }
  refuseIfInUse(out, "--out");
  writeWhole(join(out, MARKER), {
    note: "Made by the raftkit test cluster's chaos; the next run deletes this directory's report.",
  });
  for (const name of OURS) rmSync(join(out, name), { recursive: true, force: true });
  return holdDirectory(out);
}
