// Asks every node for its status many times a second: who leads in which term, as the nodes
// themselves say. It only watches.
import { setTimeout as sleep } from "node:timers/promises";
import { askStatus } from "../../supervisor/node-status.js";
import type { NodeStatus } from "../../supervisor/node-status.js";

/** What a node said of itself from this moment on; `role` "silent": nothing. */
export interface RoleChange {
  readonly atMs: number;
  readonly node: number;
  readonly role: string;
  readonly term: number;
}

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
  stop(): Promise<void>;
}

const ASK_EVERY_MS = 100;

/** @param addresses of the nodes' HTTP */
export function startObserver(addresses: readonly string[], now: () => number): Observer {
  const changes: RoleChange[] = [];
  const latest: (NodeStatus | undefined)[] = addresses.map(() => undefined);
  const asked = new Set<number>();
  const leaders = new Map<number, Set<number>>();
  const ending = new AbortController();

  function note(node: number, status: NodeStatus | undefined): void {
    const before = latest[node];
    latest[node] = status;
    if (status?.role === "leader") {
      leaders.set(status.term, (leaders.get(status.term) ?? new Set()).add(node));
    }
    const isFirst = !asked.has(node);
    asked.add(node);
    if (isFirst || before?.role !== status?.role || before?.term !== status?.term) {
      changes.push({
        atMs: now(),
        node,
        role: status?.role ?? "silent",
        term: status?.term ?? before?.term ?? 0,
      });
    }
  }

  async function watch(node: number, address: string): Promise<void> {
    while (!ending.signal.aborted) {
      note(node, await askStatus(address));
      await sleep(ASK_EVERY_MS, undefined, { signal: ending.signal }).catch(() => {});
    }
  }

  const watching = addresses.map((address, node) => watch(node, address));
  function leader(): number | undefined {
    const leading = latest.flatMap((status, node) =>
      status?.role === "leader" ? [{ node, term: status.term }] : [],
    );
    return leading.toSorted((a, b) => b.term - a.term)[0]?.node;
  }

  return {
    leader,
    async confirmLeader() {
      const node = leader();
      if (node === undefined) return undefined;
      note(node, await askStatus(addresses[node] ?? ""));
      return leader() === node ? node : undefined;
    },
    changes,
    termsWithTwoLeaders: () =>
      [...leaders].flatMap(([term, nodes]) =>
        nodes.size > 1
          ? [`term ${term}: ${[...nodes].map((node) => `n${node + 1}`).join(" and ")}`]
          : [],
      ),
    leadershipTerms: () => leaders.size,
    async stop() {
      ending.abort();
      await Promise.all(watching);
    },
  };
}
