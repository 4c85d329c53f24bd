// Carries the schedule out: injects each fault, waits, heals, and records what it hit. The tracks
// run beside each other; within a track a fault begins only when the one before it is healed.
import { setTimeout as sleep } from "node:timers/promises";
import { describeEffect, describeLinks, nodeName } from "./fault-names.js";
import type { Fleet } from "../processes/fleet.js";
import { watchLinks } from "../network/link-watch.js";
import type { Network } from "../network/network.js";
import type { Observer } from "../processes/observer.js";
import { deal, linksAt, nodesAt } from "./present-nodes.js";
import type { Deal } from "./present-nodes.js";
import { MEMBER_FAULTS } from "./schedule.js";
import type {
  FaultKind,
  LinkPlan,
  MemberPlan,
  PlannedFault,
  ProcessFault,
  ProcessPlan,
  SnapshotPlan,
} from "./schedule.js";

/** A fault that was carried out. */
export interface InjectedFault {
  readonly kind: FaultKind;
  readonly fromMs: number;
  readonly toMs: number;
  /** Whom it hit, for people. */
  readonly target: string;
  /** What it did, where that was counted. */
  readonly effect: string;
  /**
   * Whether anybody could notice: a link's fault that no byte met, between nodes that ran, counts
   * for nothing.
   */
  readonly tookEffect: boolean;
}

/** What became of a fault. */
export type FaultOutcome = Pick<InjectedFault, "target" | "effect" | "tookEffect">;

export interface NemesisOptions {
  /** How many places there are in the plan. */
  readonly places: number;
  readonly faults: readonly PlannedFault[];
  /**
   * When a fault of a kind that has taken effect before no longer begins: a slow machine must not
   * make the run much longer.
   */
  readonly endMs: number;
  readonly fleet: Pick<
    Fleet,
    | "kill"
    | "start"
    | "restart"
    | "pause"
    | "resume"
    | "wipe"
    | "restore"
    | "isUp"
    | "present"
    | "claim"
  >;
  /** Carries a command of an operator out; undefined: there was nobody whom it could be about. */
  readonly changeMembers: (plan: MemberPlan) => Promise<FaultOutcome | undefined>;
  /** @throws {ClusterError} the node doesn't answer, or took none */
  readonly takeSnapshot: (node: number) => Promise<{ readonly index: number }>;
  readonly network: Pick<Network, "impose" | "impact">;
  readonly observer: Pick<Observer, "leader" | "confirmLeader">;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Called when it is over, in the order in which they began. */
  readonly onFault: (injected: InjectedFault) => void;
  /**
   * How long a fault of a leader or a follower waits until somebody leads, and one that takes data
   * away until it may. Default 5 s: an election takes less than one.
   */
  readonly leaderTimeoutMs?: number;
}

/**
 * Between two faults of a track, also where a slow machine has delayed the first: the cluster has
 * to have some peace.
 */
const REST_MS = 600;
const POLL_MS = 20;
/** Faults that take a node's data away for a while. */
const WIPES: readonly FaultKind[] = ["wipe", "found-again"];
const LEADER_TIMEOUT_MS = 5000;
/** So often is a fault tried whose kind has had no effect yet, and so long after the end. */
const TRIES = 3;
const RETRY_MS = 30_000;

/**
 * Resolves when every fault was injected, or each kind at least once, and all are healed. @throws
 * when aborted
 */
export async function runNemesis(options: NemesisOptions): Promise<void> {
  const begin = inOrderOfBeginning(options.onFault);
  const tracks = [...new Set(options.faults.map(trackOf))].map((track) =>
    options.faults.filter((fault) => trackOf(fault) === track),
  );
  await Promise.all(tracks.map((faults) => runTrack(faults, options, begin)));
}

function isMemberPlan(fault: PlannedFault): fault is MemberPlan {
  return MEMBER_FAULTS.some((kind) => kind === fault.kind);
}

function trackOf(fault: PlannedFault): string {
  if (isMemberPlan(fault)) return "members";
  return "links" in fault ? "links" : "node" in fault ? "snapshots" : "processes";
}

/**
 * What had no effect is tried again at the end, aimed at the leader, unless another fault of its
 * kind had one.
 */
async function runTrack(
  faults: readonly PlannedFault[],
  options: NemesisOptions,
  begin: Begin,
): Promise<void> {
  const { now, signal, endMs } = options;
  const [tried, effective] = [new Set<FaultKind>(), new Set<FaultKind>()];
  const waiting = faults.map((fault) => ({ fault, tries: 1 }));
  let restedMs = 0;
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { fault, tries } = next;
    const { kind } = fault;
    const beginsMs = Math.max(fault.atMs, restedMs, now());
    if (effective.has(kind) && (tries > 1 || beginsMs > endMs)) continue;
    if (tried.has(kind) && beginsMs > endMs + RETRY_MS) continue;
    await sleep(Math.max(0, beginsMs - now()), undefined, { signal });
    tried.add(kind);
    const end = begin(now());
    const injected = await injectFault(fault, options);
    if (injected !== undefined) restedMs = now() + REST_MS;
    end(injected);
    if (injected?.tookEffect === true) effective.add(kind);
    else if (tries < TRIES) {
      waiting.push({
        fault: "links" in fault ? { ...fault, aim: "leader" } : fault,
        tries: tries + 1,
      });
    }
  }
}

/** @returns undefined: there was nobody whom it could hit */
function injectFault(
  fault: PlannedFault,
  options: NemesisOptions,
): Promise<InjectedFault | undefined> {
  if ("links" in fault) return injectLinkFault(fault, options);
  if ("node" in fault) return requestSnapshot(fault, options);
  if (isMemberPlan(fault)) return injectMemberFault(fault, options);
  return injectProcessFault(fault, options);
}

/** A fault is about to be injected; what is returned is called when it is over. */
type Begin = (fromMs: number) => (injected: InjectedFault | undefined) => void;

/** What began later but is over sooner waits until the other is over, too. */
function inOrderOfBeginning(pass: (injected: InjectedFault) => void): Begin {
  const under = new Set<{ readonly fromMs: number }>();
  let over: InjectedFault[] = [];
  return (fromMs) => {
    const one = { fromMs };
    under.add(one);
    return (injected) => {
      under.delete(one);
      if (injected !== undefined) over.push(injected);
      const earliestMs = Math.min(...[...under].map((other) => other.fromMs));
      for (const ready of over
        .filter((ended) => ended.fromMs <= earliestMs)
        .toSorted((a, b) => a.fromMs - b.fromMs)) {
        pass(ready);
      }
      over = over.filter((ended) => ended.fromMs > earliestMs);
    };
  };
}

function dealNow({ fleet, places }: NemesisOptions): Deal {
  return deal(fleet.present(), places);
}

async function injectMemberFault(
  plan: MemberPlan,
  { changeMembers, now }: NemesisOptions,
): Promise<InjectedFault | undefined> {
  const fromMs = now();
  const outcome = await changeMembers(plan);
  return outcome && { kind: plan.kind, fromMs, toMs: now(), ...outcome };
}

async function injectLinkFault(fault: LinkPlan, options: NemesisOptions): Promise<InjectedFault> {
  const { fleet, network, observer, now, signal } = options;
  const leader = observer.leader();
  // Exchanges two names, so that what was drawn for the first hits the leader.
  const dealt = dealNow(options);
  const [first = 0] = nodesAt(dealt, fault.nodes);
  const aimed = fault.aim === "leader" && leader !== undefined ? leader : first;
  const named = (node: number): number => (node === first ? aimed : node === aimed ? first : node);
  const links = linksAt(dealt, fault.links).map(([a, b]) => [named(a), named(b)] as const);
  const fromMs = now();
  const watch = watchLinks(links, network, fleet);
  const heal = network.impose(links, fault.effect);
  try {
    watch.look();
    for (let leftMs = fault.durationMs; leftMs > 0; leftMs = fromMs + fault.durationMs - now()) {
      await sleep(Math.min(leftMs, POLL_MS), undefined, { signal });
      watch.look();
    }
  } finally {
    if (!signal.aborted) heal();
  }
  const { resetConnections, droppedBytes, delayedBytes } = watch.impact();
  const parts = [
    [resetConnections, "connection", "reset"],
    [droppedBytes, "byte", "dropped"],
    [delayedBytes, "byte", "delayed"],
  ] as const;
  const effect = parts
    .filter(([count]) => count > 0)
    .map(([count, what, done]) => `${count} ${what}${count === 1 ? "" : "s"} ${done}`)
    .join(", ");
  return {
    kind: fault.kind,
    fromMs,
    toMs: now(),
    target: `${describeEffect(fault.effect)} ${describeLinks(links)}`,
    effect: effect === "" ? "no effect, not counted" : effect,
    tookEffect: effect !== "",
  };
}

/** @returns undefined: there was nobody whom it could hit */
async function injectProcessFault(
  { kind, nodes, count, durationMs }: ProcessPlan,
  options: NemesisOptions,
): Promise<InjectedFault | undefined> {
  const { fleet, observer, now, signal } = options;
  const order = nodesAt(dealNow(options), nodes);
  const needsLeader = kind.endsWith("-leader") || kind.endsWith("-follower");
  const leader = needsLeader ? await findLeader(options) : observer.leader();
  if (needsLeader && leader === undefined) return undefined;
  const taken = WIPES.includes(kind) ? await claimOne(options, nodes) : undefined;
  if (WIPES.includes(kind) && !taken) return undefined;
  const victims = taken ? [taken.node] : victimsOf(kind, order, leader, count, fleet);
  if (victims.length === 0 || !victims.every((victim) => fleet.isUp(victim))) return undefined;
  const fromMs = now();
  const held = sleep(durationMs, undefined, { signal });
  held.catch(() => {});
  const heal = await inject(kind, victims, fleet);
  try {
    await held;
  } finally {
    if (!signal.aborted) await heal();
    taken?.release();
  }
  const target = `${victims.map(nodeName).toSorted().join(", ")}${leader !== undefined && victims.includes(leader) ? ` (${nodeName(leader)} led)` : ""}`;
  return { kind, fromMs, toMs: now(), target, effect: "", tookEffect: true };
}

/** @returns nobody, if there are too few */
function victimsOf(
  kind: ProcessFault,
  order: readonly number[],
  leader: number | undefined,
  count: number,
  fleet: Pick<Fleet, "isUp">,
): readonly number[] {
  if (kind === "kill-all") return order.filter((node) => fleet.isUp(node));
  const from = kind.endsWith("-leader")
    ? order.filter((node) => node === leader)
    : kind.endsWith("-follower")
      ? order.filter((node) => node !== leader)
      : order;
  return from.length < count ? [] : from.slice(0, count);
}

/** The first node that is up and whose data nobody works on; undefined: none is, in time. */
async function claimOne(
  options: NemesisOptions,
  places: readonly number[],
): Promise<{ readonly node: number; readonly release: () => void } | undefined> {
  const { fleet, now, signal, leaderTimeoutMs = LEADER_TIMEOUT_MS } = options;
  for (const deadlineMs = now() + leaderTimeoutMs; ;) {
    for (const node of nodesAt(dealNow(options), places)) {
      const release = fleet.isUp(node) ? fleet.claim(node) : undefined;
      if (release) return { node, release };
    }
    if (now() > deadlineMs) return undefined;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** A node that is paused answers late, one that is killed meanwhile never. */
async function requestSnapshot(
  { kind, node: place }: SnapshotPlan,
  options: NemesisOptions,
): Promise<InjectedFault | undefined> {
  const { fleet, takeSnapshot, now } = options;
  const [node] = nodesAt(dealNow(options), [place]);
  if (node === undefined || !fleet.isUp(node)) return undefined;
  const fromMs = now();
  const [effect, tookEffect] = await takeSnapshot(node).then(
    ({ index }) => [`saved at index ${index}`, true] as const,
    (error: unknown) =>
      [`none: ${error instanceof Error ? error.message : String(error)}`, false] as const,
  );
  return { kind, fromMs, toMs: now(), target: nodeName(node), effect, tookEffect };
}

/** A node that says just now that it leads; undefined if there is none in time. */
export async function findLeader({
  observer,
  fleet,
  now,
  signal,
  leaderTimeoutMs = LEADER_TIMEOUT_MS,
}: Pick<NemesisOptions, "now" | "signal" | "leaderTimeoutMs" | "observer"> & {
  readonly fleet: Pick<Fleet, "isUp">;
}): Promise<number | undefined> {
  for (const deadlineMs = now() + leaderTimeoutMs; ;) {
    const leader = await observer.confirmLeader();
    if (leader !== undefined && fleet.isUp(leader)) return leader;
    if (now() > deadlineMs) return undefined;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** @returns heals it */
async function inject(
  kind: FaultKind,
  victims: readonly number[],
  fleet: NemesisOptions["fleet"],
): Promise<() => void | Promise<void>> {
  const [victim = 0] = victims;
  switch (kind) {
    case "pause-leader":
    case "pause-follower":
      fleet.pause(victim);
      return () => fleet.resume(victim);
    case "restart":
      await fleet.restart(victim);
      return () => {};
    case "wipe":
    case "found-again":
      await fleet.wipe(victim, kind === "wipe" ? "initial" : "alone");
      return () => fleet.restore(victim);
    default:
      await fleet.kill(victims);
      return () => fleet.start(victims);
  }
}
