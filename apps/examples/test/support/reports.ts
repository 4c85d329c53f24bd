// The cron job on all replicas: a report of the stock, now and then, by whichever leads.
import { EventEmitter, on, once } from "node:events";
import { ReadFailed } from "raftkit";
import { runCron } from "../../src/cron-leader/cron.js";
import { createReportStore, StaleToken } from "../../src/cron-leader/report-store.js";
import type { Service } from "../../src/service/service.js";

export interface Reports {
  /** In the order in which they were written. */
  readonly written: readonly { readonly token: number; readonly replica: string }[];
  /** How runs failed otherwise than by the end of a leadership. */
  readonly troubles: readonly unknown[];
  /** Time for a report. */
  tick(): void;
  /** Resolves when the next report is written. */
  next(): Promise<unknown>;
  /** Starts the cron job of this replica. */
  follow(service: Service): void;
  /** Resolves when the cron jobs of all replicas have ended. */
  ended(): Promise<unknown>;
}

export function createReports(): Reports {
  const store = createReportStore();
  const written: { token: number; replica: string }[] = [];
  const troubles: unknown[] = [];
  const events = new EventEmitter();
  const jobs: Promise<void>[] = [];
  return {
    written,
    troubles,
    tick: () => void events.emit("tick"),
    next: () => once(events, "written"),
    follow({ node }) {
      const cron = runCron({
        leadership: node.leadership(),
        schedule: (signal) => on(events, "tick", { signal }),
        async job({ token, signal }) {
          const total = await node.read({ item: "apple" }, { signal });
          store.write({ token, total });
          written.push({ token, replica: node.id });
          events.emit("written");
        },
        onFailed(error) {
          if (!(error instanceof ReadFailed || error instanceof StaleToken)) troubles.push(error);
        },
      });
      jobs.push(cron);
    },
    ended: () => Promise.all(jobs),
  };
}
