// Operators: they change the members step by step, as the runtime does it for a call (learners
// first, then the joint change), hand leaderships on, and move nodes to other addresses. Each step
// is a compare-and-set on the configuration that some node names.
import type { Configuration, NodeId } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import { transferCell } from "../plans/coverage.js";
import type { WantedMembers } from "../plans/member-changes.js";
import { areMembers, idsOf, wantedMembers } from "../plans/member-changes.js";
import type { MemberChangeKind, TransferTarget } from "../plans/plan.js";
import { noteRival, noteTransfer } from "./change-watch.js";
import { latestConfiguration } from "./connections.js";
import { step } from "./member.js";
import type { Verdict } from "./operators-state.js";
import { endQuestion, takeQuestion } from "./questions.js";
import type { Member, World } from "./world.js";
import { planAction } from "./world.js";

/** An answer is awaited for so long; then somebody else is asked. ms */
const ANSWER_MS = 2_000;
/** Between two steps. ms */
const PAUSE_MS = 40;
/** Whoever gives up takes out again whom it brought in, for so long. ms */
const REMOVAL_MS = 1_500;

/** Drives a change until it is done, or until its time is over. */
export function administer(
  world: World,
  wanted: WantedMembers,
  untilMs: number,
  onDone: () => void,
): void {
  const { operators } = world;
  let target = wanted;
  let until = untilMs;
  let hasGivenUp = false;
  operators.busy++;
  const isFinal = operators.hasEnded;

  function end(): void {
    operators.busy--;
    onDone();
  }

  function giveUp(now: Configuration): void {
    hasGivenUp = true;
    until = world.now + REMOVAL_MS;
    const voters = idsOf(now.voters);
    const brought = wanted.voters.filter((id) => !voters.includes(id));
    target = { voters, learners: idsOf(now.learners).filter((id) => !brought.includes(id)) };
  }

  function next(): void {
    if (operators.hasEnded && !isFinal) {
      end();
      return;
    }
    const node = whomToAsk(world);
    const { configuration, configurationIndex, committedConfiguration } = node?.raft?.status ?? {};
    if (!node || !configuration || configurationIndex === undefined) {
      later();
      return;
    }
    // Another node may not know yet that members have changed since.
    const isSettled =
      node === leaderOf(world) &&
      configuration.outgoing.length === 0 &&
      committedConfiguration?.index === configurationIndex;
    if (isSettled && areMembers(configuration, target)) {
      end();
      return;
    }
    if (world.now >= until) {
      if (hasGivenUp) {
        end();
        return;
      }
      giveUp(configuration);
    }
    const id = takeQuestion(world, node, (verdict) => {
      noteRival(world, verdict);
      later();
    });
    planAction(world, world.now + ANSWER_MS, () => endQuestion(world, id, undefined));
    step(world, node, {
      type: "changeMembership",
      id,
      expected: configurationIndex,
      ...nextStep(configuration, target),
    });
  }

  function later(): void {
    planAction(world, world.now + 1 + world.random.operators.integer(PAUSE_MS), next);
  }

  next();
}

/** New voters first as learners, until they have caught up (thesis §4.2.1). */
function nextStep(now: Configuration, target: WantedMembers): WantedMembers {
  const [voters, learners] = [idsOf(now.voters), idsOf(now.learners)];
  const isNamed = (id: NodeId): boolean => voters.includes(id) || learners.includes(id);
  const strangers = target.voters.filter((id) => !isNamed(id));
  return strangers.length > 0 ? { voters, learners: [...learners, ...strangers] } : target;
}

/** Of the latest term in which somebody leads. */
export function leaderOf({ members }: World): Member | undefined {
  return members
    .filter(({ role }) => role === "leader")
    .toSorted((a, b) => b.currentTerm - a.currentTerm)[0];
}

/** Anybody who runs; rather whoever leads. */
function whomToAsk({ members, now, random: { operators: random } }: World): Member | undefined {
  const up = members.filter(({ raft, pausedUntil }) => raft && pausedUntil <= now);
  const leaders = up.filter(({ role }) => role === "leader");
  const from = leaders.length > 0 && random.chance(0.6) ? leaders : up;
  return from[random.integer(Math.max(1, from.length))];
}

/** @param severity how many of them */
export function changeMembers(
  world: World,
  kind: MemberChangeKind,
  severity: number,
  patienceMs: number,
  random: SeededRandom,
): void {
  const now = latestConfiguration(world);
  if (!now || world.operators.hasEnded) return;
  const { members } = world;
  const leader = members.findLast(
    ({ id, role }) => role === "leader" && now.voters.some((voter) => voter.id === id),
  );
  const ids = members.map(({ id }) => id);
  const wanted = wantedMembers(now, kind, severity, ids, leader?.id, random);
  if (world.trace.isFull) {
    world.trace.line(
      world.now,
      `an operator wants the voters ${wanted.voters.join(" ")}, the learners ${wanted.learners.join(" ")}`,
    );
  }
  administer(world, wanted, world.now + patienceMs, () => {});
}

/**
 * Of any node: to the furthest, to a named one, to one that is down, or to one whose disk is slow.
 */
export function transferLeadership(world: World, asked: Member, random: SeededRandom): void {
  const [kind, target] = transferTarget(world, asked, random);
  noteTransfer(world);
  const id = takeQuestion(world, asked, (verdict) => {
    const end = endOf(verdict);
    if (end !== undefined) world.coverage.countCell(transferCell(kind, end));
  });
  if (world.trace.isFull) {
    world.trace.line(world.now, `${asked.id} is asked for a transfer to ${target ?? "anybody"}`);
  }
  step(world, asked, { type: "transferLeadership", id, target });
}

function transferTarget(
  world: World,
  asked: Member,
  random: SeededRandom,
): readonly [TransferTarget, NodeId | null] {
  const { members, now } = world;
  const voters = latestConfiguration(world)?.voters ?? [];
  // Now and then to somebody who has no vote.
  const isAny = random.chance(0.15);
  const others = members.filter(
    (member) =>
      member.role !== "leader" &&
      member !== asked &&
      (isAny || voters.some(({ id }) => id === member.id)),
  );
  const dead = others.filter(({ raft, pausedUntil }) => !raft || pausedUntil > now);
  const slow = others.filter(({ disk }) => Math.max(disk.slowUntil, disk.hungUntil) > now);
  const dice = random.next();
  if (dice < 0.4 && dead.length > 0) return ["dead", random.pick(dead).id];
  if (dice < 0.7 && slow.length > 0) return ["slow", random.pick(slow).id];
  return dice < 0.8 || others.length === 0 ? ["furthest", null] : ["named", random.pick(others).id];
}

function endOf(verdict: Verdict | undefined): "done" | "calledOff" | "refused" | undefined {
  if (verdict?.type === "transferred") return "done";
  if (verdict?.type !== "transferRejected") return undefined;
  return ["unreachable", "behind", "notElected"].includes(verdict.reason) ? "calledOff" : "refused";
}
