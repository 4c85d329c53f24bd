// The first start, seen by an operator: it needs every initial voter, so who is missing is named,
// soon and then now and then.
import type { Clock, NodeId } from "@raftkit/core";
import type { Logger } from "./api.js";

/** After these milliseconds, and the last of them again and again. */
const DELAYS_MS = [2000, 8000, 20_000, 60_000];

export interface BootstrapWatch {
  /** The cluster is bootstrapped. */
  done(voters: readonly NodeId[]): void;
  stop(): void;
}

/** @param missing null once a configuration is known */
export function watchBootstrap(
  missing: () => readonly NodeId[] | null,
  logger: Logger,
  clock: Clock,
): BootstrapWatch {
  let cancel: (() => void) | null = null;
  let waiting = missing() !== null;

  function schedule(round: number): void {
    const delayMs = DELAYS_MS[Math.min(round, DELAYS_MS.length - 1)] ?? 0;
    cancel = clock.schedule(clock.now() + delayMs, () => {
      const ids = missing();
      if (!waiting || !ids) return;
      logger.warn({ missing: ids }, textOf(ids));
      schedule(round + 1);
    });
  }

  function stop(): void {
    cancel?.();
    waiting = false;
  }

  if (waiting) schedule(0);
  return {
    done(voters) {
      if (waiting) logger.info({ voters }, `the cluster is bootstrapped: ${voters.join(", ")}`);
      stop();
    },
    stop,
  };
}

function textOf(missing: readonly NodeId[]): string {
  return missing.length > 0
    ? `the cluster isn't bootstrapped: its first start needs every initial voter, and ${missing.join(", ")} didn't answer here; start those that aren't running, and check the addresses and the list of initial voters. The voter with the smallest id, which asks the others, knows best`
    : "the cluster isn't bootstrapped: its first start needs every initial voter; the voter with the smallest id, which asks the others, names those that are missing";
}
