// What a rule scenario is, and the few tools that all of them use. Scenarios are data: main.ts and
// the tests run them.
import type {
  AppendEntries,
  EntryRun,
  Index,
  Message,
  NodeId,
  RequestVote,
  Sender,
  Term,
} from "@raftkit/core";
import type { Cluster, ClusterOptions, JournalEntry, Packet } from "@raftkit/simulation";
import { createCluster, createJournal } from "@raftkit/simulation";
import { OutcomeUnknown } from "raftkit";
import type { SourceMutation } from "../source-mutation.js";

export interface Scenario {
  /** `R01` to `R30`, as in the list of rules. */
  readonly rule: string;
  readonly name: string;
  /** Rejects when the rule doesn't hold. */
  readonly run: (seed: number) => Promise<void>;
  /** Breaks the rule: with it `run` must reject. */
  readonly mutation: SourceMutation;
}

/** A rule doesn't hold. */
export class RuleBroken extends Error {
  override readonly name = "RuleBroken";
}

export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new RuleBroken(message);
}

/** @param bounds both included */
export function checkWithin(value: number, bounds: readonly [number, number], what: string): void {
  // Sums of fractions of milliseconds differ in their last digit.
  const slack = 1e-6;
  check(
    value >= bounds[0] - slack && value <= bounds[1] + slack,
    `${what}: ${value.toFixed(3)}, not from ${bounds[0]} to ${bounds[1]}`,
  );
}

/** A message at the moment when it was sent, delivered or lost. */
export interface Seen<M extends Message = Message> {
  readonly what: "sent" | "delivered" | "lost";
  readonly at: number;
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: M;
}

export interface Lab extends Cluster<string, number, null, readonly string[]> {
  /** Every message so far. */
  readonly seen: readonly Seen[];
  /** Those of one type, of one kind of moment, that were seen from a time on. */
  messages<T extends Message["type"]>(
    type: T,
    what: Seen["what"],
    since?: number,
  ): readonly Seen<Extract<Message, { readonly type: T }>>[];
  /** What the present run of a node applied. */
  applied(id: NodeId): readonly JournalEntry[];
  others(...ids: readonly NodeId[]): readonly NodeId[];
}

/** A cluster of journals that remembers its messages. */
export async function createLab(
  seed: number,
  options: Partial<ClusterOptions<string, number, null, readonly string[]>> = {},
): Promise<Lab> {
  const applied = new Map<NodeId, JournalEntry[]>();
  const cluster = await createCluster<string, number, null, readonly string[]>({
    ...options,
    seed,
    stateMachine(id) {
      const entries: JournalEntry[] = [];
      applied.set(id, entries);
      return createJournal({ onApply: (entry) => entries.push(entry) });
    },
  });
  const seen: Seen[] = [];
  const sorted = new Map<string, Seen[]>();
  cluster.onMessage((what, message, { from, to }) => {
    const one: Seen = { what, at: cluster.now(), from: from.id, to, message };
    seen.push(one);
    const key = `${what} ${message.type}`;
    const same = sorted.get(key);
    if (same === undefined) sorted.set(key, [one]);
    else same.push(one);
  });
  return {
    ...cluster,
    seen,
    messages: <T extends Message["type"]>(type: T, what: Seen["what"], since = 0) => {
      const all = sorted.get(`${what} ${type}`) ?? [];
      let first = all.length;
      while ((all[first - 1]?.at ?? -1) >= since) first--;
      return all
        .slice(first)
        .filter(
          (one): one is Seen<Extract<Message, { readonly type: T }>> => one.message.type === type,
        );
    },
    applied: (id) => applied.get(id) ?? [],
    others: (...ids) => cluster.ids.filter((id) => !ids.includes(id)),
  };
}

/** A lab in which a leader rules and everyone has applied its first entry. */
export async function createLedLab(
  seed: number,
  options: Partial<ClusterOptions<string, number, null, readonly string[]>> = {},
): Promise<{ readonly lab: Lab; readonly leader: NodeId }> {
  const lab = await createLab(seed, options);
  await lab.waitForLeader();
  await lab.converge();
  const leader = lab.leader();
  check(leader !== undefined, "no leader");
  return { lab, leader };
}

export type Outcome =
  | { readonly end: "result"; readonly result: number }
  | { readonly end: "error"; readonly error: unknown };

/** Keeps track of a call's end without throwing. */
export interface Tracked {
  readonly outcome: Outcome | undefined;
}

export function track(promise: Promise<number>): Tracked {
  const tracked: { outcome: Outcome | undefined } = { outcome: undefined };
  promise.then(
    (result) => {
      tracked.outcome = { end: "result", result };
    },
    (error: unknown) => {
      tracked.outcome = { end: "error", error };
    },
  );
  return tracked;
}

/** What the client was told: OUTCOME_UNKNOWN, or else the `reason` or `code` of the error. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof OutcomeUnknown) return error.code;
  if ("reason" in error && typeof error.reason === "string") return error.reason;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** AppendEntries as the sender's node would send it to `to`. */
export function appendEntries(
  to: Sender,
  term: Term,
  prev: { readonly index: Index; readonly term: Term },
  more: {
    readonly entries?: readonly EntryRun[];
    readonly leaderCommit?: Index;
    readonly round?: number;
  } = {},
): AppendEntries {
  return {
    type: "appendEntries",
    to: to.incarnation,
    term,
    prevLogIndex: prev.index,
    prevLogTerm: prev.term,
    leaderCommit: more.leaderCommit ?? 0,
    round: more.round ?? 1,
    matchIndex: 0,
    leaseMs: 0,
    entries: more.entries ?? [],
  };
}

export function requestVote(
  to: Sender,
  term: Term,
  last: { readonly index: Index; readonly term: Term },
): RequestVote {
  return {
    type: "requestVote",
    to: to.incarnation,
    term,
    lastLogIndex: last.index,
    lastLogTerm: last.term,
    transfer: false,
    configurationIndex: 1,
  };
}

/** Loses every message that the condition names. */
export function dropping(
  lab: Lab,
  condition: (message: Message, packet: Packet) => boolean,
): () => void {
  return lab.filter((message, packet) => (condition(message, packet) ? "drop" : "pass"));
}

/** Indexes of the entries that a message brings. */
export function indexesOf(message: Message): readonly Index[] {
  if (message.type !== "appendEntries") return [];
  return message.entries.flatMap(({ firstIndex, count }) =>
    Array.from({ length: count }, (_, i) => firstIndex + i),
  );
}

/** No yes for a command that isn't there, no for one that is. */
export function checkVerdicts(lab: Lab, calls: ReadonlyMap<string, Tracked>): void {
  const final = lab.applied(lab.leader() ?? "").map(({ text }) => text);
  check(new Set(final).size === final.length, "a command was applied twice");
  for (const [text, { outcome }] of calls) {
    check(outcome !== undefined, `the call for ${text} never ended`);
    if (outcome.end === "result") {
      check(
        final[outcome.result - 1] === text,
        `${text} was acknowledged at place ${outcome.result}, where ${final[outcome.result - 1]} stands`,
      );
    } else if (kindOf(outcome.error) !== "OUTCOME_UNKNOWN") {
      check(!final.includes(text), `${text} was refused (${kindOf(outcome.error)}) but applied`);
    }
  }
}

/** Restarts whoever is down, heals, and waits until everyone agrees. */
export async function recover(lab: Lab): Promise<void> {
  lab.heal();
  const down = lab.others(...lab.running());
  if (down.length > 0) await lab.restart(...down);
  await lab.waitForLeader();
  await lab.runFor(5_100);
  await lab.converge();
  const [first, ...rest] = lab.ids.map((id) =>
    lab
      .applied(id)
      .map(({ text }) => text)
      .join(),
  );
  for (const texts of rest) check(texts === first, "nodes disagree about what was committed");
}
