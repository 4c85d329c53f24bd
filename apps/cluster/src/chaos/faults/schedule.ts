// Which fault is injected when, for how long and into what: drawn from the seed alone, before
// anything runs. Four tracks, for processes, links, members and snapshots on request, each one
// fault at a time, so that faults of different tracks meet. Members come and go: what is drawn are
// places in the line of those who are there.
import { createRandom } from "../random.js";
import type { Random } from "../random.js";

export const PROCESS_FAULTS = [
  "kill-leader",
  "kill-follower",
  "kill-several",
  "kill-all",
  "pause-leader",
  "pause-follower",
  "restart",
  "wipe",
  "found-again",
] as const;
export const LINK_FAULTS = [
  "cut-one-way",
  "cut-both-ways",
  "partition",
  "bridge",
  "blackhole",
  "delay",
  "throttle",
] as const;
/** An operator's commands, while the other tracks go on. */
export const MEMBER_FAULTS = [
  "add",
  "remove",
  "remove-leader",
  "replace",
  "replace-leader",
  "rejoin",
  "transfer",
  "transfer-stuck",
  "rolling-restart",
  "two-administrators",
] as const;
/** Not a fault by itself: it is there to meet others. */
export const SNAPSHOT_FAULTS = ["snapshot"] as const;
export const FAULT_KINDS: readonly FaultKind[] = [
  ...PROCESS_FAULTS,
  ...LINK_FAULTS,
  ...MEMBER_FAULTS,
  ...SNAPSHOT_FAULTS,
];

export type ProcessFault = (typeof PROCESS_FAULTS)[number];
export type LinkFault = (typeof LINK_FAULTS)[number];
export type SnapshotFault = (typeof SNAPSHOT_FAULTS)[number];
export type MemberFault = (typeof MEMBER_FAULTS)[number];
export type FaultKind = ProcessFault | LinkFault | MemberFault | SnapshotFault;

/** From one node to another, by number from 0; in a plan by place. */
export type Link = readonly [from: number, to: number];

export type LinkEffect =
  /** Connections that `from` dials to `to` are reset, and so is each new one. */
  | { readonly type: "cut" }
  /** Bytes from `from` to `to` vanish; connections stay open, new ones get no answer. */
  | { readonly type: "blackhole" }
  | { readonly type: "delay"; readonly latencyMs: number; readonly jitterMs: number }
  | { readonly type: "throttle"; readonly bytesPerSecond: number };

interface Times {
  /** Milliseconds since the run began. */
  readonly atMs: number;
  readonly durationMs: number;
}

/**
 * `nodes`: all, in the order in which they are chosen; of a leader's or a follower's fault once it
 * is known who leads.
 */
export type ProcessPlan = Times & {
  readonly kind: ProcessFault;
  readonly nodes: readonly number[];
  readonly count: number;
};

/** `aim`: the nodes are exchanged so that the first of `nodes` is the leader. */
export type LinkPlan = Times & {
  readonly kind: LinkFault;
  readonly nodes: readonly number[];
  readonly aim: "leader" | "anyone";
  readonly links: readonly Link[];
  readonly effect: LinkEffect;
};

/** `node` is asked for a snapshot of its state, whatever else happens to it. */
export type SnapshotPlan = Times & { readonly kind: SnapshotFault; readonly node: number };

/** `nodes`: all places, in the order in which they are chosen, of those whom the command allows. */
export type MemberPlan = Times & {
  readonly kind: MemberFault;
  readonly nodes: readonly number[];
  /** Which variant, where there are several. */
  readonly variant: number;
};

export type PlannedFault = ProcessPlan | LinkPlan | MemberPlan | SnapshotPlan;

export interface ScheduleOptions {
  readonly seed: number;
  readonly nodes: number;
  /** The load's duration; faults keep off its first and last second. */
  readonly seconds: number;
}

/** Any number with which those of the kinds can be told apart. */
const VARIANTS = 12;
const FIRST_MS = 1000;
const LAST_MS = 1000;

/** In the order in which they begin. */
export function planFaults({ seed, nodes, seconds }: ScheduleOptions): PlannedFault[] {
  const random = createRandom(seed);
  const endMs = seconds * 1000 - LAST_MS;
  const processes = track(random, PROCESS_FAULTS, endMs, (kind, times) =>
    processFault(random, kind, nodes, times),
  );
  const members = memberFaults(random, nodes, endMs);
  const links =
    nodes < 2
      ? []
      : track(random, LINK_FAULTS, endMs, (kind, times) => linkFault(random, kind, nodes, times));
  return [...processes, ...links, ...members, ...snapshots(random, nodes, endMs)].sort(
    (a, b) => a.atMs - b.atMs,
  );
}

/** Short ones, since each command takes its own time. */
function memberFaults(random: Random, nodes: number, endMs: number): MemberPlan[] {
  return track(
    random,
    MEMBER_FAULTS,
    endMs,
    (kind, times): MemberPlan => ({
      kind,
      ...times,
      nodes: random.shuffle(numbers(nodes)),
      variant: random.integer(VARIANTS),
    }),
    { longestMs: 2000, shortestMs: 300 },
  );
}

/** Often, so that some meet every other kind. */
function snapshots(random: Random, nodes: number, endMs: number): SnapshotPlan[] {
  const planned: SnapshotPlan[] = [];
  for (let atMs = FIRST_MS; ;) {
    atMs += random.between(500, 3500);
    if (atMs > endMs) return planned;
    const node = random.integer(nodes);
    planned.push({ kind: "snapshot", atMs: Math.round(atMs), durationMs: 0, node });
  }
}

/** Deals the kinds from a shuffled deck, again and again, so that none is left out for long. */
function track<K, F>(
  random: Random,
  kinds: readonly K[],
  endMs: number,
  make: (kind: K, times: Times) => F,
  { shortestMs, longestMs } = { shortestMs: 800, longestMs: 5000 },
): F[] {
  const planned: F[] = [];
  let deck: K[] = [];
  for (let atMs = FIRST_MS + random.between(0, 500); ;) {
    if (deck.length === 0) deck = random.shuffle(kinds);
    const durationMs = Math.round(random.between(shortestMs, longestMs));
    if (atMs + durationMs > endMs) return planned;
    const [kind, ...rest] = deck;
    if (kind !== undefined) planned.push(make(kind, { atMs: Math.round(atMs), durationMs }));
    deck = rest;
    atMs += durationMs + random.between(600, 2500);
  }
}

function processFault(
  random: Random,
  kind: ProcessFault,
  nodes: number,
  times: Times,
): PlannedFault {
  const order = random.shuffle(numbers(nodes));
  // Several: two or more, often a majority.
  const several = Math.min(nodes, 2 + random.integer(Math.max(1, nodes - 2)));
  return {
    kind,
    ...times,
    nodes: order,
    count: kind === "kill-all" ? nodes : kind === "kill-several" ? several : 1,
  };
}

function linkFault(random: Random, kind: LinkFault, nodes: number, times: Times): PlannedFault {
  const order = random.shuffle(numbers(nodes));
  const minority = order.slice(0, Math.max(1, 1 + random.integer(Math.floor((nodes - 1) / 2))));
  const silent: LinkEffect = { type: random.chance(0.5) ? "blackhole" : "cut" };
  const drawn = LINK_DRAWS[kind]({ random, order, minority, silent });
  const aim = random.chance(0.6) ? "leader" : "anyone";
  return { kind, ...times, nodes: order, aim, ...drawn };
}

/** What the kinds are drawn from. */
interface LinkDraw {
  readonly random: Random;
  /** All nodes; the first is the one that a fault is aimed at. */
  readonly order: readonly number[];
  readonly minority: readonly number[];
  /** Nothing gets through, one way or the other. */
  readonly silent: LinkEffect;
}

const LINK_DRAWS: Readonly<
  Record<LinkFault, (draw: LinkDraw) => Pick<LinkPlan, "links" | "effect">>
> = {
  "cut-one-way": ({ random, order: [a = 0, b = 0, ...rest] }) => ({
    links: [b, ...rest]
      .filter(() => random.chance(0.6))
      .concat(b)
      .map((to) => [a, to] as const)
      .filter(isFirst),
    effect: { type: "cut" },
  }),
  "cut-both-ways": ({ order: [a = 0, b = 0] }) => ({
    links: between([a], [b]),
    effect: { type: "cut" },
  }),
  partition: ({ order, minority, silent }) => ({
    links: between(
      minority,
      order.filter((node) => !minority.includes(node)),
    ),
    effect: silent,
  }),
  // One node reaches everybody; the two halves of the others don't reach each other.
  bridge({ order: [, ...others], silent }) {
    const half = Math.ceil(others.length / 2);
    return { links: between(others.slice(0, half), others.slice(half)), effect: silent };
  },
  // Deaf, mute, or both, for all others.
  blackhole: ({ random, order: [a = 0, ...others] }) => ({
    links: pickDirections(
      random,
      others.map((other) => [a, other] as const),
    ),
    effect: { type: "blackhole" },
  }),
  delay: ({ random, order: [a = 0, ...others] }) => ({
    links: pickDirections(random, between([a], others)),
    effect: {
      type: "delay",
      latencyMs: Math.round(random.between(20, 400)),
      jitterMs: Math.round(random.between(0, 200)),
    },
  }),
  throttle: ({ random, order: [a = 0, ...others] }) => ({
    links: pickDirections(random, between([a], others)),
    effect: { type: "throttle", bytesPerSecond: Math.round(random.between(2000, 30_000)) },
  }),
};

function isFirst([from, to]: Link, at: number, all: readonly Link[]): boolean {
  return all.findIndex((other) => other[0] === from && other[1] === to) === at;
}

function between(some: readonly number[], others: readonly number[]): Link[] {
  return some.flatMap((a) =>
    others.flatMap(
      (b) =>
        [
          [a, b],
          [b, a],
        ] as const,
    ),
  );
}

/** These links, the other way round, or both. */
function pickDirections(random: Random, links: readonly Link[]): Link[] {
  const backwards = links.map(([from, to]) => [to, from] as const);
  return random.pick([[...links], backwards, [...links, ...backwards]]).filter(isFirst);
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
