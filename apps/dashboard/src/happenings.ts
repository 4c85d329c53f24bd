// What has happened between two pictures of a cluster, as lines of a timeline. Pure.
import type { DashboardView, Happening, HappeningKind, NodeView, RaftView } from "./view.js";

/** @param at milliseconds since the epoch */
export function happeningsBetween(
  before: DashboardView,
  after: DashboardView,
  at: number,
): Happening[] {
  const found: Happening[] = [];
  const say = (kind: HappeningKind, node: string | null, text: string): void =>
    void found.push({ at, kind, node, text });
  sayProcesses(before, after, say);
  sayDisks(before, after, say);
  sayLinks(before, after, say);
  sayElections(before, after, say);
  sayMembers(before, after, say);
  for (const [now, then] of pairs(before, after)) {
    const { snapshot } = now.raft ?? {};
    if (!snapshot || !then?.raft || snapshot.index <= (then.raft.snapshot?.index ?? 0)) continue;
    say("snapshot", now.id, `has a snapshot of everything up to ${snapshot.index}`);
  }
  return found;
}

type Say = (kind: HappeningKind, node: string | null, text: string) => void;

function pairs(before: DashboardView, after: DashboardView): [NodeView, NodeView | undefined][] {
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  return after.nodes.map((node) => [node, old.get(node.id)]);
}

const PROCESS_TEXTS = {
  starting: "is starting",
  running: "is running",
  paused: "is paused",
  killed: "is down, as requested",
  ended: "ended by itself",
} as const;

function sayProcesses(before: DashboardView, after: DashboardView, say: Say): void {
  for (const [{ id, process }, then] of pairs(before, after)) {
    if (!process || (then && process.state === then.process?.state)) continue;
    const { state, reason } = process;
    const kind =
      state === "killed" || state === "ended" || state === "paused" ? "fault" : "process";
    say(kind, id, `${PROCESS_TEXTS[state]}${reason === null ? "" : `: ${reason}`}`);
  }
  for (const { id } of before.nodes) {
    if (!after.nodes.some((node) => node.id === id)) say("process", id, "is gone");
  }
}

function sayDisks(before: DashboardView, after: DashboardView, say: Say): void {
  for (const [{ id, process }, then] of pairs(before, after)) {
    const [old, now] = [then?.process?.diskDelayMs ?? 0, process?.diskDelayMs ?? 0];
    if (now === old) continue;
    if (now > 0) say("fault", id, `has a slow disk: ${now} ms more for each write`);
    else say("process", id, "has a disk as fast as before");
  }
}

function sayLinks(before: DashboardView, after: DashboardView, say: Say): void {
  const named = ({ cluster }: DashboardView): string[] =>
    (cluster?.cuts ?? []).map(([a, b]) => `${a} – ${b}`);
  const [old, now] = [named(before), named(after)];
  const cut = now.filter((link) => !old.includes(link));
  const healed = old.filter((link) => !now.includes(link));
  if (cut.length > 0) say("fault", null, `cut: ${cut.join(", ")}`);
  if (healed.length > 0) say("process", null, `healed: ${healed.join(", ")}`);
}

function sayElections(before: DashboardView, after: DashboardView, say: Say): void {
  for (const [{ id, raft, answers }, then] of pairs(before, after)) {
    if (!answers || (raft?.role !== "candidate" && raft?.role !== "preCandidate")) continue;
    const { raft: old } = then ?? {};
    if (old?.role === raft.role && old.term === raft.term) continue;
    const text =
      raft.role === "candidate"
        ? `wants to be elected, in term ${raft.term}`
        : `asks who would vote for it, after term ${raft.term}`;
    say("election", id, text);
  }
  const [old, now] = [leaderOf(before), leaderOf(after)];
  if (now && now.term > (old?.term ?? 0)) say("leader", now.id, `leads in term ${now.term}`);
}

/** Who says that it leads, in the latest term. */
function leaderOf({ nodes }: DashboardView): { readonly id: string; readonly term: number } | null {
  let latest: { readonly id: string; readonly term: number } | null = null;
  for (const { id, raft, answers } of nodes) {
    const leads = answers && raft?.role === "leader";
    if (leads && raft.term > (latest?.term ?? 0)) latest = { id, term: raft.term };
  }
  return latest;
}

function sayMembers(before: DashboardView, after: DashboardView, say: Say): void {
  const [old, now] = [latestConfiguration(before), latestConfiguration(after)];
  if (!now?.configuration || now.configurationIndex <= (old?.configurationIndex ?? 0)) return;
  if (!old) return;
  const { voters, learners, outgoing } = now.configuration;
  const learn = learners.length === 0 ? "" : `; ${learners.join(", ")} without a vote`;
  const joint =
    outgoing.length === 0 ? "" : `; until the change is over, also ${outgoing.join(", ")}`;
  say("members", null, `${voters.join(", ")} vote${learn}${joint}`);
}

function latestConfiguration({ nodes }: DashboardView): RaftView | undefined {
  return nodes
    .flatMap(({ raft }) => (raft?.configuration ? [raft] : []))
    .toSorted((a, b) => b.configurationIndex - a.configurationIndex)[0];
}
