// Proposals and what their clients hear, R21 and R22.
import type { NodeId } from "@raftkit/core";
import type { Lab, Scenario, Tracked } from "./scenario.js";
import {
  check,
  checkVerdicts,
  checkWithin,
  createLedLab,
  dropping,
  indexesOf,
  kindOf,
  recover,
  track,
} from "./scenario.js";

const r21: Scenario = {
  rule: "R21",
  name: "proposals keep their order and travel in batches; other nodes forward each once; without a leader, a call that doesn't wait is rejected at once",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const [follower = ""] = lab.others(leader);
    const texts = Array.from({ length: 200 }, (_, i) => `${i}`);
    const from = lab.now();
    const places = await lab.settle(Promise.all(texts.map((text) => lab.propose(leader, text))));
    check(
      places.every((place, i) => place === i + 1),
      "commands were not applied in the order of arrival",
    );
    const batches = lab
      .messages("appendEntries", "sent", from)
      .filter((one) => indexesOf(one.message).length > 0);
    check(
      batches.length === 2 && batches.every((one) => indexesOf(one.message).length === 200),
      `200 commands at once travelled in ${batches.length} messages`,
    );
    await forwarding(lab, follower);
    const stop = dropping(lab, (message) => message.type === "forward");
    const lostFrom = lab.now();
    const lost = track(lab.propose(follower, "lost on the way", { timeoutMs: 2_000 }));
    await lab.runFor(2_010);
    stop();
    check(
      lost.outcome?.end === "error" && kindOf(lost.outcome.error) === "OUTCOME_UNKNOWN",
      "a forward that was lost did not end as unknown",
    );
    await lab.runFor(1_000);
    check(lab.messages("forward", "sent", lostFrom).length === 1, "a proposal was forwarded twice");
    lab.cut([follower], lab.others(follower));
    await lab.runUntil("no leader is known", () => lab.status(follower).leaderId === null);
    const askedAt = lab.now();
    const refused = track(lab.propose(follower, "nobody there", { wait: false }));
    await lab.runUntil("an answer", () => refused.outcome !== undefined, 1);
    checkWithin(lab.now() - askedAt, [0, 1], "the refusal");
    check(
      refused.outcome?.end === "error" && kindOf(refused.outcome.error) === "noLeader",
      "a proposal without a leader was not refused",
    );
  },
  mutation: {
    file: "packages/core/src/handlers/propose.ts",
    find: `    reject(state, firstSeq, commands.length, "noLeader");\n`,
    replace: ``,
    why: "without a leader a proposal waits until it times out",
  },
};

async function forwarding(lab: Lab, follower: NodeId): Promise<void> {
  const from = lab.now();
  const places = await lab.settle(
    Promise.all(Array.from({ length: 100 }, (_, i) => lab.propose(follower, `forwarded ${i}`))),
  );
  check(
    places.every((place, i) => place === 201 + i),
    "forwarded commands were not applied in the order of arrival",
  );
  const forwards = lab.messages("forward", "sent", from);
  check(
    forwards.reduce((sum, one) => sum + one.message.entries.count, 0) === 100,
    "not every command was forwarded exactly once",
  );
  check(forwards.length <= 2, `100 commands at once were forwarded in ${forwards.length} messages`);
}

const r22: Scenario = {
  rule: "R22",
  name: "a client gets the result after commit and apply; if the leader dies first, the outcome is unknown, never a wrong success or failure",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const place = await lab.settle(lab.propose(leader, "plain"));
    const { lastApplied, commitIndex } = lab.status(leader);
    check(
      place === 1 && lab.applied(leader)[0]?.index === lastApplied && commitIndex >= lastApplied,
      "answered before it was applied",
    );
    check(
      lab.ids.filter((id) => lab.disk(id).lastIndex >= lastApplied).length >= 2,
      "answered before a majority stored it",
    );
    const calls = new Map<string, Tracked>();
    await answerLost(lab, leader, calls);
    for (let round = 0; round < 6; round++) {
      const now = await lab.waitForLeader();
      for (const id of lab.ids) {
        for (let i = 0; i < 3; i++) {
          calls.set(`${round} ${id} ${i}`, track(lab.propose(id, `${round} ${id} ${i}`)));
        }
      }
      await lab.runFor(lab.random.between(0, 6));
      if (round % 2 === 0) lab.crash(now);
      else lab.cut([now], lab.others(now));
      await lab.runFor(lab.random.between(200, 700));
      lab.heal();
      if (round % 2 === 0) await lab.restart(now);
    }
    await recover(lab);
    checkVerdicts(lab, calls);
  },
  mutation: {
    file: "packages/raftkit/src/proposals.ts",
    find: `        new OutcomeUnknown(\n          "leaderChanged",\n          "the leader`,
    replace: `        new NotProposed(\n          "noLeader",\n          "the leader`,
    why: "a forward whose leader died is reported as not proposed",
  },
};

/** The leader commits a forwarded command, but dies before its answer arrives. */
async function answerLost(lab: Lab, leader: NodeId, calls: Map<string, Tracked>): Promise<void> {
  const [follower = ""] = lab.others(leader);
  const stop = dropping(lab, (message) => message.type === "forwardReply");
  calls.set("answer lost", track(lab.propose(follower, "answer lost")));
  await lab.runUntil("committed", () =>
    lab.applied(leader).some(({ text }) => text === "answer lost"),
  );
  lab.crash(leader);
  await lab.waitForLeader();
  await lab.runFor(100);
  stop();
  await lab.restart(leader);
}

export const commands: readonly Scenario[] = [r21, r22];
