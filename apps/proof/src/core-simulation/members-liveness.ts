// What must work once everything healed, where members come and go: a last change, to members that
// are drawn, is carried out, whatever was left half done; each of them answers a write and a
// linearizable read, and has applied the same; whoever is no member disturbs nobody (hazard 30);
// and the leadership can be handed on.
import type { Configuration, NodeId } from "@raftkit/core";
import { administer, leaderOf } from "./operators.js";
import { latestConfiguration } from "./connections.js";
import { endQuestion, missedBy, takeQuestion } from "./questions.js";
import type { Verdict } from "./operators-state.js";
import { probe } from "./probe.js";
import { start, step, stop } from "./member.js";
import type { World } from "./world.js";
import { broken } from "./world.js";

/**
 * The last change may have to wait for joiners that are sent snapshots, for a rejoin, and for an
 * election after each of its steps. ms
 */
const CHANGE_MS = 20_000;
/** With snapshots an attempt to send one may back off for up to 10 s, several times. ms */
const INSTALLS_MS = 40_000;
const ANSWERS_MS = 5_000;
/** For so many of the longest election timeouts nothing may happen. */
const CALM_TIMEOUTS = 5;
const TRANSFER_MS = 2_000;

export type RunUntil = (until: number, isDone: () => boolean) => void;

export function proveMembers(world: World, runUntil: RunUntil): void {
  const target = lastMembers(world);
  const within = (limitMs: number, what: string, isDone: () => boolean): void => {
    if (world.failure !== undefined) return;
    runUntil(world.now + limitMs, isDone);
    if (world.failure === undefined && !isDone()) {
      broken(world, "liveness", `not within ${limitMs} ms ${what}: ${statesOf(world)}`);
    }
  };
  runUntil(missedBy(world), () => world.now >= missedBy(world));
  for (const id of target) inviteAgain(world, id);
  let isChanged = false;
  administer(world, { voters: target, learners: [] }, Infinity, () => (isChanged = true));
  const limitMs = CHANGE_MS + (world.settings.snapshots ? INSTALLS_MS : 0);
  within(limitMs, `are the voters ${target.join(" ")}`, () => isChanged);
  const missing = new Set(target);
  for (const id of missing) probe(world, id, "put", () => missing.delete(id));
  within(ANSWERS_MS, "have all members answered", () => missing.size === 0 && areEqual(world));
  proveCalm(world, runUntil);
  proveTransfer(world, within);
}

/**
 * Whoever isn't a member may know nobody any more who is one: its operator starts it again, and
 * says where the present members are.
 */
function inviteAgain(world: World, id: NodeId): void {
  const member = world.members.find((one) => one.id === id);
  const latest = latestConfiguration(world);
  if (!member || !latest || latest.voters.some((one) => one.id === id)) return;
  stop(world, member, false);
  if (member.startsAs === "founder") member.startsAs = "joiner";
  start(world, member);
}

function lastMembers({ members, random: { operators: random } }: World): readonly NodeId[] {
  const ids = members.map(({ id }) => id);
  const count = 1 + random.integer(Math.min(5, ids.length));
  while (ids.length > count) ids.splice(random.integer(ids.length), 1);
  return ids;
}

function areEqual(world: World): boolean {
  const voters = latestConfiguration(world)?.voters ?? [];
  const members = world.members.filter(({ incarnation }) =>
    voters.some((voter) => voter.incarnation === incarnation),
  );
  return members.every(({ lastApplied }) => lastApplied === members[0]?.lastApplied);
}

function proveCalm(world: World, runUntil: RunUntil): void {
  const before = leaderOf(world);
  const term = before?.currentTerm;
  const calmMs = CALM_TIMEOUTS * world.settings.options.electionTimeoutMs.max;
  if (world.failure !== undefined) return;
  runUntil(world.now + calmMs, () => false);
  const after = leaderOf(world);
  if (after && after === before && after.currentTerm === term) return;
  broken(
    world,
    "disruption",
    `${before?.id ?? "nobody"} led term ${term ?? 0}, and ${after?.id ?? "nobody"} leads ${calmMs} ms later, though nothing happened: ${statesOf(world)}`,
  );
}

/** To the furthest: it must happen, where another one votes. */
function proveTransfer(
  world: World,
  within: (limitMs: number, what: string, isDone: () => boolean) => void,
): void {
  const leader = leaderOf(world);
  const voters = latestConfiguration(world)?.voters ?? [];
  if (world.failure !== undefined || !leader || voters.length < 2) return;
  let verdict: Verdict | undefined;
  const id = takeQuestion(world, leader, (found) => (verdict = found));
  step(world, leader, { type: "transferLeadership", id, target: null });
  within(TRANSFER_MS, "was the leadership handed on", () => verdict !== undefined);
  endQuestion(world, id, undefined);
  if (verdict?.type === "transferRejected") {
    broken(
      world,
      "liveness",
      `the leadership isn't handed on: ${verdict.reason}; ${statesOf(world)}`,
    );
  }
}

function statesOf(world: World): string {
  const nodes = world.members.map(
    ({ id, raft, role, currentTerm, lastApplied, log }) =>
      `${id} ${raft ? role : "down"} in term ${currentTerm}, log up to ${log.lastIndex}, applied ${lastApplied}`,
  );
  const latest = latestConfiguration(world);
  return `${nodes.join("; ")}; members ${latest ? namesIn(latest) : "unknown"}`;
}

function namesIn({ voters, learners, outgoing }: Configuration): string {
  return [voters, learners, outgoing]
    .map((list) => list.map(({ incarnation }) => incarnation).join(" "))
    .join(" | ");
}
