// The watchdog must know of a process before it serves, and forget it once another has taken its
// place.
import { setTimeout as sleep } from "node:timers/promises";
import type { SupervisedNode } from "../../supervisor/supervised-process.js";
import type { Supervisor } from "../../supervisor/supervisor.js";
import type { Watchdog } from "./watchdog.js";

export function viewOf(supervisor: Supervisor, id: string): SupervisedNode | undefined {
  return supervisor.nodes().find(({ place }) => place.id === id);
}

/** Ends the node first if it runs; resolves once it serves. @throws it ended before */
export async function startWatched(
  supervisor: Supervisor,
  watchdog: Watchdog,
  id: string,
): Promise<void> {
  const pidNow = (): number | null => viewOf(supervisor, id)?.pid ?? null;
  const before = pidNow();
  let over = false;
  const started = supervisor.restart(id).finally(() => (over = true));
  started.catch(() => {});
  while (!over) {
    const pid = pidNow();
    if (pid !== null && pid !== before) {
      watchdog.watch(pid);
      break;
    }
    await sleep(1);
  }
  if (before !== null) watchdog.forget(before);
  await started;
}
