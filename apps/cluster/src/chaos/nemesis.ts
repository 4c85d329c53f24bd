// Carries the schedule out: strikes, waits, heals, and notes what was done to whom. Two tracks run beside each other;
// within a track a fault begins only when the one before it is healed.
import { setTimeout as sleep } from "node:timers/promises";
import type { Fleet } from "./fleet.js";
import type { Network, NetworkTotals } from "./network.js";
import type { Observer } from "./observer.js";
import type { FaultKind, PlannedFault } from "./schedule.js";

/** A fault that was carried out. */
export interface Strike {
  readonly kind: FaultKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** Whom it hit, for people. */
  readonly target: string;
  /** What it did, where that was counted. */
  readonly effect: string;
}

export interface NemesisOptions {
  readonly faults: readonly PlannedFault[];
  /** When a fault of a kind that has struck before no longer begins: a slow machine must not make the run much longer. */
  readonly endMs: number;
  readonly fleet: Pick<Fleet, "kill" | "start" | "restart" | "pause" | "resume" | "wipe" | "restore">;
  readonly network: Pick<Network, "impose" | "totals">;
  readonly observer: Pick<Observer, "leader">;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onStrike: (strike: Strike) => void;
}

/** Between two faults of a track, also where a slow machine has delayed the first: the cluster has to have some peace. */
const REST_MS = 600;

/** Resolves when every fault has struck, or each kind at least once, and all are healed. @throws when aborted */
export async function runNemesis(options: NemesisOptions): Promise<void> {
  const isLink = (fault: PlannedFault): boolean => "links" in fault;
  await Promise.all([false, true].map((links) => runTrack(options.faults.filter((fault) => isLink(fault) === links), options)));
}

async function runTrack(faults: readonly PlannedFault[], options: NemesisOptions): Promise<void> {
  const { now, signal, network, onStrike, endMs } = options;
  const struck = new Set<FaultKind>();
  let restedMs = 0;
  for (const fault of faults) {
    if (Math.max(fault.atMs, restedMs, now()) > endMs && struck.has(fault.kind)) continue;
    struck.add(fault.kind);
    await sleep(Math.max(0, Math.max(fault.atMs, restedMs) - now()), undefined, { signal });
    const fromMs = now();
    const before = network.totals();
    const held = sleep(fault.durationMs, undefined, { signal });
    held.catch(() => {});
    const { target, heal } = await strike(fault, options);
    try {
      await held;
    } finally {
      if (!signal.aborted) await heal();
    }
    restedMs = now() + REST_MS;
    onStrike({ kind: fault.kind, fromMs, toMs: now(), target, effect: "links" in fault ? effectOf(before, network.totals()) : "" });
  }
}

interface Struck {
  readonly target: string;
  readonly heal: () => void | Promise<void>;
}

async function strike(fault: PlannedFault, { fleet, network, observer }: NemesisOptions): Promise<Struck> {
  const leader = observer.leader();
  if ("links" in fault) {
    // Exchanges two names, so that what was drawn for the first hits the leader.
    const [first = 0] = fault.nodes;
    const aimed = fault.aim === "leader" && leader !== undefined ? leader : first;
    const named = (node: number): number => (node === first ? aimed : node === aimed ? first : node);
    const links = fault.links.map(([from, to]) => [named(from), named(to)] as const);
    const heal = network.impose(links, fault.effect);
    return { target: `${describeEffect(fault)} ${describeLinks(links)}`, heal };
  }
  const { kind, nodes, count } = fault;
  const victims = kind.endsWith("-leader") && leader !== undefined ? [leader]
    : kind.endsWith("-follower") ? nodes.filter((node) => node !== leader).slice(0, 1)
    : nodes.slice(0, count);
  const [victim = 0] = victims;
  const target = `${victims.map(nodeName).toSorted().join(", ")}${leader !== undefined && victims.includes(leader) ? ` (${nodeName(leader)} led)` : ""}`;
  switch (kind) {
    case "pause-leader":
    case "pause-follower":
      fleet.pause(victim);
      return { target, heal: () => fleet.resume(victim) };
    case "restart":
      await fleet.restart(victim);
      return { target, heal: () => {} };
    case "wipe":
      await fleet.wipe(victim);
      return { target, heal: () => fleet.restore(victim) };
    default:
      await fleet.kill(victims);
      return { target, heal: () => fleet.start(victims) };
  }
}

export function nodeName(node: number): string {
  return `n${node + 1}`;
}

function describeEffect({ effect }: Extract<PlannedFault, { readonly effect: unknown }>): string {
  switch (effect.type) {
    case "delay":
      return `${effect.latencyMs} to ${effect.latencyMs + effect.jitterMs} ms`;
    case "throttle":
      return `${effect.bytesPerSecond} B/s`;
    case "cut":
      return "reset";
    case "blackhole":
      return "silent";
  }
}

/** Links to the same nodes are joined: "n1 ⇄ n2 n3" both ways, "n1 → n2" one way. */
function describeLinks(links: readonly (readonly [number, number])[]): string {
  const has = (from: number, to: number): boolean => links.some((link) => link[0] === from && link[1] === to);
  const sides = new Map<string, number[]>();
  for (const [from, to] of links) {
    if (has(to, from) && from > to) continue;
    const arrow = `${nodeName(from)} ${has(to, from) ? "⇄" : "→"}`;
    sides.set(arrow, [...(sides.get(arrow) ?? []), to]);
  }
  return [...sides].map(([arrow, others]) => `${arrow} ${others.map(nodeName).toSorted().join(" ")}`).join(", ");
}

function effectOf(before: NetworkTotals, after: NetworkTotals): string {
  const parts = [
    [after.resetConnections - before.resetConnections, "connections reset"], [after.swallowedBytes - before.swallowedBytes, "bytes swallowed"], [after.heldBytes - before.heldBytes, "bytes held back"],
  ] as const;
  return parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`).join(", ");
}
