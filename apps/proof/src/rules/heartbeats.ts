// Heartbeats, R12.
import type { NodeId } from "@raftkit/core";
import type { Lab, Scenario } from "./scenario.js";
import { check, checkWithin, createLedLab, indexesOf } from "./scenario.js";

/** When the leader's messages to one node left, without copies of the same instant. */
function beats(lab: Lab, leader: NodeId, to: NodeId, since: number): readonly number[] {
  return [
    ...new Set(
      lab
        .messages("appendEntries", "sent", since)
        .filter((one) => one.from === leader && one.to === to)
        .map((one) => one.at),
    ),
  ];
}

function checkBeats(lab: Lab, leader: NodeId, since: number, intervalMs: number): void {
  const [first = [], ...rest] = lab.others(leader).map((to) => beats(lab, leader, to, since));
  check(first.length >= 10, "hardly any heartbeats");
  for (const [i, at] of first.slice(1).entries()) {
    checkWithin(at - (first[i] ?? 0), [intervalMs, intervalMs + 1], "between two heartbeats");
  }
  for (const times of rest) {
    check(times.join() === first.join(), "heartbeats don't go to all at once");
  }
}

const r12: Scenario = {
  rule: "R12",
  name: "heartbeats every 50 ms to all in parallel, also to slow and dead peers, without pile-up; 100 ms also works; none after step-down",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const [slow = "", dead = ""] = lab.others(leader);
    await lab.runFor(60);
    const idleFrom = lab.now();
    await lab.runFor(1_000);
    checkBeats(lab, leader, idleFrom, 50);
    // Answers take three intervals to come back: no beat waits for one.
    const delayMs = { min: 75, max: 75 };
    lab.network.setLink(leader, slow, { delayMs });
    lab.network.setLink(slow, leader, { delayMs });
    await lab.runFor(300);
    const slowFrom = lab.now();
    await lab.runFor(1_000);
    checkBeats(lab, leader, slowFrom, 50);
    check(lab.leader() === leader, "a slow peer cost the leader its leadership");
    lab.crash(dead);
    await lab.runFor(100);
    const deadFrom = lab.now();
    for (let i = 0; i < 20; i++) await lab.settle(lab.propose(leader, `${i}`));
    const sent = lab.messages("appendEntries", "sent", deadFrom).filter((one) => one.to === dead);
    check(
      sent.length <= (lab.now() - deadFrom) / 50 + 2,
      `${sent.length} messages to a dead peer in ${lab.now() - deadFrom} ms`,
    );
    check(
      sent.every((one) => indexesOf(one.message).length === 0),
      "entries for a dead peer",
    );
    await endOfLeadership(lab, leader);
    const { lab: calm, leader: slowly } = await createLedLab(seed, {
      node: { heartbeatIntervalMs: 100, electionTimeoutMs: { min: 300, max: 600 } },
    });
    const { term } = calm.status(slowly);
    await calm.runFor(110);
    const calmFrom = calm.now();
    await calm.runFor(3_000);
    checkBeats(calm, slowly, calmFrom, 100);
    check(calm.status(slowly).term === term, "heartbeats every 100 ms don't keep a leader");
  },
  mutation: {
    file: "packages/core/src/operations/replication.ts",
    find: `for (const progress of leader.progress.values()) progress.due = true;`,
    replace: `for (const progress of leader.progress.values()) progress.due = progress.round >= leader.round - 1;`,
    why: "a heartbeat waits for the answer to the previous one",
  },
};

async function endOfLeadership(lab: Lab, leader: NodeId): Promise<void> {
  lab.cut([leader], lab.others(leader));
  await lab.runUntil("step-down", () => lab.status(leader).role !== "leader", 1_000);
  const from = lab.now() + 0.001;
  await lab.runFor(1_000);
  check(
    lab.messages("appendEntries", "sent", from).every((one) => one.from !== leader),
    "heartbeats after the leadership",
  );
}

export const heartbeats: readonly Scenario[] = [r12];
