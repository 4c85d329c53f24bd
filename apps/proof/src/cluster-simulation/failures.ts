// Which nodes may stop by themselves, and what becomes of them: one may where its disk refused, was
// damaged or emptied, or gave it other bytes than those of its snapshot; for any other reason
// never.
import type { Computer } from "./computer.js";
import type { View } from "./view.js";
import type { World } from "./world.js";

/** A node that stopped because its disk refused is started again after this long. ms */
const MEND_MS = 200;

export function onFailure(
  computer: Computer,
  error: Error,
  /** It didn't fail at its start. */
  wasRunning: boolean,
  world: World,
  view: View,
  /** Whoever lost a disk joins again. */
  rejoins: boolean,
  broken: (check: string, message: string) => void,
): void {
  const code = codeOf(error);
  if (
    world.lost.has(computer) &&
    (code === "STORAGE_LOST" || code === "CORRUPT_LOG" || code === "UNSUPPORTED_FORMAT")
  ) {
    // Before the cluster is bootstrapped it needs everybody: whoever runs it replaces a bad disk,
    // and starts the node again.
    const isBootstrapping = view.phase() === "bootstrapping";
    if (isBootstrapping || rejoins) {
      computer.crash();
      if (code !== "STORAGE_LOST" || !isBootstrapping) computer.disk.wipe();
      world.restartIn(computer, MEND_MS);
    } else world.exclude(computer);
  } else if (wasRefused(error) || (wasRunning && wasMisled(computer, error))) {
    world.restartIn(computer, MEND_MS);
  } else broken("failed", `${computer.id} stopped by itself: ${error.message}`);
}

/** By the disk, which does so only where a fault makes it. */
function wasRefused(error: unknown): boolean {
  return (
    error instanceof Error &&
    (codeOf(error) === "EIO" || codeOf(error) === "ENOSPC" || wasRefused(error.cause))
  );
}

/** Its state machine was to be restored from what is no snapshot. */
function wasMisled({ disk }: Computer, error: Error): boolean {
  return codeOf(error) === "STATE_MACHINE_FAILED" && (disk.hasReadBadly || disk.isSnapshotRotten);
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}
