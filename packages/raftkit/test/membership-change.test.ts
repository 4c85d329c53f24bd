// One call that changes members, on its own: what it says of its end, whatever the leaders answer and
// whoever else changes members meanwhile. What it says decides whether somebody's data may go.
import { expect, test } from "vitest";
import type { Configuration, MembershipVerdict } from "@raftkit/core";
import type { MembershipProgress } from "../src/api-members.js";
import type { MembershipChangeFailed } from "../src/errors.js";
import type { CommittedView } from "../src/membership-change.js";
import { MembershipChange } from "../src/membership-change.js";

const PATIENCE_MS = 5000;

function configurationOf(
  voters: readonly string[],
  learners: readonly string[] = [],
  outgoing: readonly string[] = [],
): Configuration {
  const servers = (ids: readonly string[]) =>
    ids.map((id) => ({ id, incarnation: `${id}-1`, address: `${id}.test:7000` }));
  return {
    clusterInstance: "instance",
    voters: servers(voters),
    learners: servers(learners),
    outgoing: servers(outgoing),
  };
}

/** A call that makes n4 a voter in place of n3, and a cluster that is made by hand. */
function replacing(target: readonly string[] = ["n1", "n2", "n4"]) {
  const made = {
    now: 0,
    view: undefined as unknown as CommittedView,
    told: [] as MembershipProgress[],
    ended: undefined as MembershipChangeFailed | "done" | undefined,
  };
  const call = new MembershipChange({
    target: { voters: target, learners: [] },
    expected: undefined,
    patienceMs: PATIENCE_MS,
    now: () => made.now,
    view: () => made.view,
    leaderless: () => undefined,
    onProgress: (progress) => made.told.push(progress),
    resolve: () => (made.ended = "done"),
    reject: (error) => (made.ended = error),
    onEnd: () => undefined,
  });
  /** Committed, and nothing later is in force. */
  const settle = (index: number, voters: readonly string[], learners?: readonly string[]): void => {
    const configuration = configurationOf(voters, learners);
    made.view = { configuration, index, latestIndex: index, isSettled: true };
  };
  const ask = (verdict: MembershipVerdict | { readonly type: "unknown" }): void => {
    expect(call.next()).toBeDefined();
    call.onVerdict(verdict);
  };
  settle(10, ["n1", "n2", "n3"]);
  call.onCaughtUp();
  return { ...made, made, call, settle, ask };
}

/** n4 is a learner, and the joint entry at 12 was accepted. */
function joint(): ReturnType<typeof replacing> {
  const change = replacing();
  change.ask({ type: "accepted", index: 11, term: 2 });
  change.settle(11, ["n1", "n2", "n3"], ["n4"]);
  change.ask({ type: "accepted", index: 12, term: 2 });
  return change;
}

test("a joint phase that was entered may still be left, whoever leads, until another one is settled", () => {
  const { call, made } = joint();
  call.onNewLeader();
  const configuration = configurationOf(["n1", "n2", "n4"], [], ["n1", "n2", "n3"]);
  made.view = { configuration, index: 12, latestIndex: 12, isSettled: false };
  call.onCaughtUp();
  expect(call.next()).toBeUndefined();
  call.abort("enough");
  expect(made.ended).toMatchObject({ reason: "aborted", mayHappen: true });
});

test("an entry that the next leader doesn't have won't come any more", () => {
  const { call, made } = joint();
  call.onNewLeader();
  call.onCaughtUp();
  call.abort("enough");
  expect(made.ended).toMatchObject({ reason: "aborted", mayHappen: false });
});

test("what was given up is done all the same, where somebody else has finished it: nothing is taken out", () => {
  const { call, made, settle, ask } = replacing();
  ask({ type: "accepted", index: 11, term: 2 });
  settle(11, ["n1", "n2", "n3"], ["n4"]);
  ask({ type: "notCaughtUp", id: "n4", matchIndex: 1, lastIndex: 9, writtenBytes: 0, bytes: 0 });
  made.now += PATIENCE_MS + 1;
  call.onTick();
  settle(13, ["n1", "n2", "n4"]);
  expect(call.next()).toBeUndefined();
  expect(made.ended).toBe("done");
  expect(made.told.some(({ step }) => step === "takenOut")).toBe(false);
});

test("a learner that somebody else made a voter isn't said to be taken out", () => {
  const { call, made, settle, ask } = replacing();
  ask({ type: "accepted", index: 11, term: 2 });
  settle(11, ["n1", "n2", "n3"], ["n4"]);
  ask({ type: "notCaughtUp", id: "n4", matchIndex: 1, lastIndex: 9, writtenBytes: 0, bytes: 0 });
  made.now += PATIENCE_MS + 1;
  call.onTick();
  settle(13, ["n1", "n2", "n3", "n4"]);
  expect(call.next()).toBeUndefined();
  expect(made.ended).toMatchObject({ reason: "notCaughtUp" });
  expect(made.told.some(({ step }) => step === "takenOut")).toBe(false);
});

test.each(["inProgress", "stale"] as const)(
  "after a lost answer %s may be this call's own entry: it may have happened",
  (type) => {
    const { call, made, ask } = replacing(["n1", "n2"]);
    ask({ type: "unknown" });
    call.onTick();
    ask({ type, index: 11 });
    call.abort("enough");
    expect(made.ended).toMatchObject({ mayHappen: true });
  },
);

test("an answer to its repetition ends a request of which the answer was lost: it won't happen", () => {
  const { call, made, ask } = replacing(["n1", "n2"]);
  ask({ type: "unknown" });
  call.onTick();
  ask({ type: "unreachable", ids: ["n2"] });
  call.abort("enough");
  expect(made.ended).toMatchObject({ mayHappen: false });
});

test("members that were changed and changed back aren't those that it was to change", () => {
  const { call, made, settle, ask } = replacing();
  ask({ type: "accepted", index: 11, term: 2 });
  settle(11, ["n1", "n2", "n3"], ["n4"]);
  ask({ type: "notCaughtUp", id: "n4", matchIndex: 1, lastIndex: 9, writtenBytes: 0, bytes: 0 });
  call.onTick();
  settle(15, ["n1", "n2", "n3"], ["n4"]);
  expect(call.next()).toBeUndefined();
  expect(made.ended).toMatchObject({ reason: "stale", mayHappen: false });
});

test("a learner that another call added stays, when this one gives up", () => {
  const { call, made, settle, ask } = replacing();
  ask({ type: "inProgress", index: 11 });
  settle(11, ["n1", "n2", "n3"], ["n4"]);
  expect(call.next()).toBeUndefined();
  call.onTick();
  ask({ type: "notCaughtUp", id: "n4", matchIndex: 1, lastIndex: 9, writtenBytes: 0, bytes: 0 });
  made.now += PATIENCE_MS + 1;
  call.onTick();
  expect(call.next()).toBeUndefined();
  expect(made.ended).toMatchObject({
    reason: "notCaughtUp",
    mayHappen: false,
    message: expect.not.stringMatching(/a learner for it|remains a learner/),
  });
});

test("a member that has moved meanwhile is no other member", () => {
  const { call, made, settle, ask } = replacing();
  ask({ type: "accepted", index: 11, term: 2 });
  settle(11, ["n1", "n2", "n3"], ["n4"]);
  ask({ type: "notCaughtUp", id: "n4", matchIndex: 1, lastIndex: 9, writtenBytes: 0, bytes: 0 });
  call.onTick();
  const { voters, ...rest } = configurationOf(["n1", "n2", "n3"], ["n4"]);
  const moved = voters.map((one) => (one.id === "n3" ? { ...one, address: "moved.test:1" } : one));
  made.view = {
    configuration: { ...rest, voters: moved },
    index: 15,
    latestIndex: 15,
    isSettled: true,
  };
  expect(call.next()).toMatchObject({ expected: 15, voters: ["n1", "n2", "n4"] });
});

test("what was done before somebody else changed it is said", () => {
  const { call, made, settle } = joint();
  settle(15, ["n1", "n3"]);
  expect(call.next()).toBeUndefined();
  expect(made.ended).toMatchObject({
    reason: "stale",
    mayHappen: false,
    message:
      "someone else changed the members meanwhile; the present one, at index 15, has voters n1, n3. This call made n4 a learner, and sent the leader a step to voters n1, n2, n4, which may have been in force before that; check whether that is enough, and call again if not",
  });
});

test("a step that was refused wasn't done", () => {
  const { call, made, settle, ask } = replacing(["n1", "n2"]);
  ask({ type: "unreachable", ids: ["n2"] });
  call.onTick();
  settle(15, ["n1", "n3"]);
  expect(call.next()).toBeUndefined();
  expect(made.ended).toMatchObject({ message: expect.stringMatching(/\. Nothing was done;/) });
});

test("refused at once, it won't happen", () => {
  const { call, made, ask } = replacing(["n1", "n2"]);
  ask({ type: "stale", index: 11 });
  call.abort("enough");
  expect(made.ended).toMatchObject({ mayHappen: false });
});

test("new voters that lag in turn, and get no further, are given up", () => {
  const { call, made, settle, ask } = replacing(["n1", "n2", "n3", "n4", "n5"]);
  ask({ type: "accepted", index: 11, term: 2 });
  settle(11, ["n1", "n2", "n3"], ["n4", "n5"]);
  for (let i = 0; i < 12 && !made.ended; i++) {
    const id = i % 2 === 0 ? "n4" : "n5";
    const wanted = call.next();
    if (wanted?.learners.length === 0 && wanted.voters.length === 3) break;
    call.onVerdict({
      type: "notCaughtUp",
      id,
      matchIndex: 1,
      lastIndex: 9,
      writtenBytes: 0,
      bytes: 0,
    });
    made.now += 1000;
    call.onTick();
  }
  // What it added is being taken out by now.
  expect(made.now).toBeLessThan(2 * PATIENCE_MS);
});

test("nodes that come and go in turn, and are never all there, are given up", () => {
  const { call, made, ask } = replacing(["n1", "n2", "n3", "n4", "n5"]);
  for (let i = 0; i < 12 && !made.ended; i++) {
    ask({ type: "unknownServer", ids: i % 2 === 0 ? ["n4", "n5"] : ["n5"] });
    made.now += 1000;
    call.onTick();
  }
  expect(made.ended).toMatchObject({ reason: "unknownServer" });
});
