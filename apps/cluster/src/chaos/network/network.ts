// All links between the nodes, a proxy each, with the faults that hold on them now.
import type { Link, LinkEffect } from "../faults/schedule.js";
import { HeldFaults } from "./held-faults.js";
import { startProxy } from "./proxy.js";
import type { Proxy } from "./proxy.js";
import type { Traffic } from "./pump.js";

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
  const proxies = new Map<string, Proxy>();
  const proxyOf = (from: number, to: number): Proxy | undefined => proxies.get(`${from} ${to}`);
  const faults = new HeldFaults(() => {
    for (const proxy of proxies.values()) proxy.update();
  });
  await Promise.all(
    linksBetween(ports.length).map(async ([from, to]) => {
      const proxy = await startProxy({
        target: { host: "127.0.0.1", port: ports[to] ?? 0 },
        forward: () => faults.ruleOf([from, to]),
        backward: () => faults.ruleOf([to, from]),
        random,
      });
      proxies.set(`${from} ${to}`, proxy);
    }),
  );

  return {
    port: (from, to) => proxyOf(from, to)?.port ?? 0,
    impose: (links, effect) => faults.impose(links, effect),
    heal: () => faults.heal(),
    // Bytes cross a link on connections that either node has dialled.
    impact: ([from, to]) =>
      impactOf([proxyOf(from, to)?.forwardTraffic, proxyOf(to, from)?.backwardTraffic]),
    totals() {
      const traffic = [...proxies.values()].flatMap(({ forwardTraffic, backwardTraffic }) => [
        forwardTraffic,
        backwardTraffic,
      ]);
      return {
        proxies: proxies.size,
        carriedBytes: sum(traffic, "carriedBytes"),
        ...impactOf(traffic),
      };
    },
    close: async () =>
      void (await Promise.all([...proxies.values()].map((proxy) => proxy.close()))),
  };
}

/** From each node to each other one. */
function linksBetween(nodes: number): Link[] {
  const all = Array.from({ length: nodes }, (_, node) => node);
  return all.flatMap((from) => all.filter((to) => to !== from).map((to) => [from, to] as const));
}

type Measured = readonly (Traffic | undefined)[];

function impactOf(traffic: Measured): FaultImpact {
  return {
    droppedBytes: sum(traffic, "droppedBytes"),
    delayedBytes: sum(traffic, "delayedBytes"),
    resetConnections: sum(traffic, "resetConnections"),
  };
}

function sum(traffic: Measured, what: keyof Traffic): number {
  return traffic.reduce((total, one) => total + (one?.[what] ?? 0), 0);
}
