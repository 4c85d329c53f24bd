// What may be under way to one follower is bounded (hazards 54 and 55).
import { expect, test } from "vitest";
import { endTurns, step } from "../support/cluster.js";
import { persist, propose, sent, timeout } from "../support/solo.js";
import type { Solo } from "../support/solo.js";
import { acknowledge, readyLeader } from "../support/schedules.js";

/** The entries that were sent and not answered. */
function sentEntries(made: Solo): { messages: number; bytes: number } {
  const runs = made.effects.flatMap((effect) =>
    effect.type === "send" && effect.to === "n2" && effect.message.type === "appendEntries"
      ? [effect.message.entries]
      : [],
  );
  const filled = runs.filter((entries) => entries.length > 0);
  const bytes = filled.flat().reduce((sum, run) => sum + run.bytes.length, 0);
  return { messages: filled.length, bytes };
}

function proposeBytes({ cluster, node }: Solo, size: number, count: number): void {
  const commands = Array.from({ length: count }, () => new Uint8Array(size));
  step(cluster, node, { type: "propose", firstSeq: node.nextSeq, commands });
  node.nextSeq += count;
  endTurns(cluster);
}

test("in bytes: at most the window, and the message that fills it", () => {
  const made = readyLeader(2, { maxInflightBytes: 2_500, maxMessageBytes: 1_000 });
  proposeBytes(made, 400, 100);
  const { bytes, messages } = sentEntries(made);
  expect(bytes).toBeLessThanOrEqual(2_500 + 1_000);
  expect(messages).toBeGreaterThan(1);
});

test("in messages", () => {
  const made = readyLeader(2, { maxInflightMessages: 3, maxMessageBytes: 1_000 });
  proposeBytes(made, 400, 100);
  expect(sentEntries(made).messages).toBe(3);
});

test("a peer that can't be reached gets nothing before the next heartbeat, whatever is proposed", () => {
  const made = readyLeader(3);
  propose(made);
  made.effects = [];
  const lose = (): void => {
    step(made.cluster, made.node, { type: "unreachable", peer: "n2" });
    endTurns(made.cluster);
  };
  const sentToN2 = (): number =>
    made.effects.filter(
      (effect) =>
        effect.type === "send" && effect.to === "n2" && effect.message.type === "appendEntries",
    ).length;
  for (let i = 0; i < 5; i++) {
    lose();
    propose(made);
    persist(made);
  }
  expect(sentToN2()).toBe(0);
  acknowledge(made, "n3", made.node.raft.status.lastIndex);
  timeout(made);
  expect(sentToN2()).toBe(1);
  lose();
  propose(made);
  expect(sentToN2()).toBe(1);
  expect(sent(made, "appendEntries").length).toBeGreaterThan(1);
});
