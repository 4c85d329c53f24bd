// Asks every node for its status many times a second: who leads in which term, as the nodes
// themselves say. It only watches.
import { setTimeout as sleep } from "node:timers/promises";
import { askStatus } from "../../supervisor/node-status.js";
import { nodeName } from "../faults/fault-names.js";
import { ConfigurationRecord } from "./configuration-record.js";
import type { SeenConfiguration } from "./configuration-record.js";
import { RoleRecord } from "./role-record.js";
import type { RoleChange } from "./role-record.js";

export interface Observer {
  /** The node that leads in the highest term, as far as is known now. */
  leader(): number | undefined;
  /** The same, if it still says so when it is asked now. */
  confirmLeader(): Promise<number | undefined>;
  readonly changes: readonly RoleChange[];
  /** Terms in which more than one node was seen to lead: never allowed (paper §5.2). */
  termsWithTwoLeaders(): string[];
  /** The leaders seen, one for each term. */
  leadershipTerms(): number;
  /** Configurations that nodes said to be committed. */
  readonly configurations: readonly SeenConfiguration[];
  stop(): Promise<void>;
}

const ASK_EVERY_MS = 100;

/** @param addresses of the nodes' HTTP; those who aren't there don't answer */
export function startObserver(addresses: readonly string[], now: () => number): Observer {
  const roles = new RoleRecord();
  const configurations = new ConfigurationRecord();
  const ending = new AbortController();

  async function ask(node: number): Promise<void> {
    const status = await askStatus(addresses[node] ?? "");
    roles.note(now(), node, status);
    if (status) configurations.note(nodeName(node), status);
  }

  async function watch(node: number): Promise<void> {
    while (!ending.signal.aborted) {
      await ask(node);
      await sleep(ASK_EVERY_MS, undefined, { signal: ending.signal }).catch(() => {});
    }
  }

  const watching = addresses.map((_, node) => watch(node));
  return {
    leader: () => roles.leader(),
    async confirmLeader() {
      const node = roles.leader();
      if (node === undefined) return undefined;
      await ask(node);
      return roles.leader() === node ? node : undefined;
    },
    changes: roles.changes,
    termsWithTwoLeaders: () => roles.termsWithTwoLeaders(),
    leadershipTerms: () => roles.leadershipTerms(),
    configurations: configurations.seen,
    async stop() {
      ending.abort();
      await Promise.all(watching);
    },
  };
}
