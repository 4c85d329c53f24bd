// What a node is given when it starts, and whom it listens to.
import { expect, test } from "vitest";
import { InvariantViolation, Raft } from "@raftkit/core";
import type { Effect, RaftOptions, Sender } from "@raftkit/core";
import { CLUSTER_INSTANCE, incarnationOf, peersNamed } from "./support/cluster.js";

const options: RaftOptions = {
  id: "n1",
  incarnation: incarnationOf("n1"),
  run: 1,
  address: "n1.test:7000",
  clusterInstance: CLUSTER_INSTANCE,
  bootstrap: peersNamed(["n1", "n2"]),
  random: () => 0,
  electionTimeoutMs: { min: 150, max: 300 },
  heartbeatIntervalMs: 50,
  maxMessageBytes: 2 ** 20,
  maxInflightMessages: 256,
  maxInflightBytes: 8 * 2 ** 20,
  maxUncommittedBytes: 64 * 2 ** 20,
  maxLogBytes: 2 ** 30,
};

function newRaft(applied: number): Raft {
  return new Raft(options, {
    hardState: { currentTerm: 0, votedFor: null },
    base: { index: 0, term: 0 },
    snapshot: null,
    damagedSnapshotIndex: 0,
    entries: [],
    applied,
  });
}

for (const applied of [NaN, -1, 0.5, 1]) {
  test(`a state machine that says it has applied up to ${applied} of an empty log is refused`, () => {
    expect(() => newRaft(applied)).toThrow(InvariantViolation);
  });
}

test("however many strangers have spoken, the initial voters are heard", () => {
  const raft = newRaft(0);
  const ask = (from: Sender): readonly Effect[] =>
    raft.step(0, {
      type: "receive",
      from,
      message: { type: "bootstrapRequest", to: "", term: 0, voters: options.bootstrap },
    });
  const typesOf = (id: string): string[] =>
    ask({ id, incarnation: incarnationOf(id), run: 1 }).map(({ type }) => type);
  for (let i = 0; i < 1024; i++) typesOf(`stranger-${i}`);
  expect(typesOf("one-too-many")).toEqual(["dropped"]);
  expect(typesOf("n2")).toEqual(["send"]);
});
