// All links between the nodes, a proxy each, and the faults that hold on them now.
import { CLEAR, ruleOf } from "./link-rule.js";
import type { LinkRule } from "./link-rule.js";
import { startProxy } from "./proxy.js";
import type { Proxy } from "./proxy.js";
import type { Link, LinkEffect } from "../faults/schedule.js";

/** What faults did. */
export interface FaultImpact {
  readonly droppedBytes: number;
  readonly delayedBytes: number;
  readonly resetConnections: number;
}

export interface NetworkTotals extends FaultImpact {
  readonly proxies: number;
  readonly carriedBytes: number;
}

export interface Network {
  /** Where node `from` dials node `to`. */
  port(from: number, to: number): number;
  /** @returns takes the fault away again */
  impose(links: readonly Link[], effect: LinkEffect): () => void;
  heal(): void;
  /** On one link so far. */
  impact(link: Link): FaultImpact;
  totals(): NetworkTotals;
  close(): Promise<void>;
}

/** @param ports where each node listens, on 127.0.0.1 */
export async function startNetwork(
  ports: readonly number[],
  random: () => number,
): Promise<Network> {
  const faults = new Set<{ readonly links: readonly Link[]; readonly effect: LinkEffect }>();
  const rules = new Map<string, LinkRule>();
  const proxies = new Map<string, Proxy>();
  const name = (from: number, to: number): string => `${from} ${to}`;
  const rule = (from: number, to: number) => (): LinkRule => rules.get(name(from, to)) ?? CLEAR;
  const pairs = ports.flatMap((_, from) =>
    ports.flatMap((port, to) => (from === to ? [] : [{ from, to, port }])),
  );
  await Promise.all(
    pairs.map(async ({ from, to, port }) => {
      proxies.set(
        name(from, to),
        await startProxy({
          target: { host: "127.0.0.1", port },
          forward: rule(from, to),
          backward: rule(to, from),
          random,
        }),
      );
    }),
  );

  function update(): void {
    for (const { from, to } of pairs) {
      const holding = [...faults].filter(({ links }) =>
        links.some((link) => link[0] === from && link[1] === to),
      );
      rules.set(name(from, to), ruleOf(holding.map(({ effect }) => effect)));
    }
    for (const proxy of proxies.values()) proxy.update();
  }

  return {
    port: (from, to) => proxies.get(name(from, to))?.port ?? 0,
    impose(links, effect) {
      const fault = { links, effect };
      faults.add(fault);
      update();
      return () => {
        if (faults.delete(fault)) update();
      };
    },
    heal() {
      faults.clear();
      update();
    },
    impact([from, to]) {
      // Bytes cross a link on connections that either node has dialled.
      const [forward, backward] = [
        proxies.get(name(from, to))?.forwardTraffic,
        proxies.get(name(to, from))?.backwardTraffic,
      ];
      const sum = (of: keyof FaultImpact): number => (forward?.[of] ?? 0) + (backward?.[of] ?? 0);
      return {
        droppedBytes: sum("droppedBytes"),
        delayedBytes: sum("delayedBytes"),
        resetConnections: sum("resetConnections"),
      };
    },
    totals() {
      const traffic = [...proxies.values()].flatMap(({ forwardTraffic, backwardTraffic }) => [
        forwardTraffic,
        backwardTraffic,
      ]);
      const sum = (
        of: "carriedBytes" | "droppedBytes" | "delayedBytes" | "resetConnections",
      ): number => traffic.reduce((total, one) => total + one[of], 0);
      return {
        proxies: proxies.size,
        carriedBytes: sum("carriedBytes"),
        droppedBytes: sum("droppedBytes"),
        delayedBytes: sum("delayedBytes"),
        resetConnections: sum("resetConnections"),
      };
    },
    async close() {
      await Promise.all([...proxies.values()].map((proxy) => proxy.close()));
    },
  };
}
