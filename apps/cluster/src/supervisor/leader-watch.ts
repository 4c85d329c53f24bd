// Tells of each new leader, as the nodes themselves say. It only watches.
import { setTimeout as sleep } from "node:timers/promises";
import { askStatus, latestLeader } from "./node-status.js";
import type { Leader } from "./node-status.js";
import type { Supervisor } from "./supervisor.js";

const ASK_EVERY_MS = 200;

/**
 * @param known who leads now
 * @param onLeader told of each that leads in a later term
 * @param signal ends it
 */
export async function watchLeaders(
  supervisor: Pick<Supervisor, "nodes">,
  known: Leader,
  onLeader: (leader: Leader) => void,
  signal: AbortSignal,
): Promise<void> {
  let latest = known;
  for (;;) {
    await sleep(ASK_EVERY_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    const running = supervisor.nodes().filter(({ state }) => state === "running");
    const leader = latestLeader(
      await Promise.all(running.map(({ place }) => askStatus(place.http))),
    );
    if (signal.aborted) return;
    if (leader !== undefined && leader.term > latest.term) onLeader((latest = leader));
  }
}
