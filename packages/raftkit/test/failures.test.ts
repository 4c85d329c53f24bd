// What stops a node: it becomes `failed`, says so once, and nothing is acknowledged afterwards.
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { RaftkitError } from "@raftkit/core";
import {
  NotProposed,
  OutcomeUnknown,
  ReadFailed,
  StateMachineFailed,
  StorageFailed,
} from "raftkit";
import type { Member, TestOptions } from "./support/cluster.js";
import { createLines } from "./support/lines.js";
import { cluster, jsonCodec } from "./support/cluster.js";
import { encodeFrame } from "@raftkit/core";

function errorsOf({ node }: Member): RaftkitError[] {
  const errors: RaftkitError[] = [];
  node.on("error", (error) => errors.push(error));
  return errors;
}

describe("an apply that throws", () => {
  for (const kind of ["throws", "rejects"] as const) {
    test(`(${kind}) stops the node; pending proposals end as unknown`, async () => {
      const { clock, leader, members } = await cluster();
      const errors = errorsOf(leader);
      const cause = new Error("out of cheese");
      leader.machine.applying = () => {
        if (kind === "throws") throw cause;
        return Promise.reject(cause);
      };
      const proposals = ["a", "b"].map((command) =>
        leader.node.propose(command).catch((error: unknown) => error),
      );
      const outcomes = await clock.outcome(Promise.all(proposals));
      expect(outcomes.map((error) => error instanceof OutcomeUnknown)).toEqual([true, true]);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toBeInstanceOf(StateMachineFailed);
      expect(errors[0]).toMatchObject({ cause });
      expect(leader.node.status().state).toBe("failed");
      await clock.until(
        () => members.filter(({ machine }) => machine.commands.length === 2).length === 2,
        "the others carry on",
      );
      expect(leader.machine.commands).toEqual([]);
    });
  }
});

describe("a write that fails", () => {
  test("stops the node; nothing is acknowledged, written or sent afterwards", async () => {
    const {
      clock,
      leader,
      followers: [follower, other],
      network,
    } = await cluster();
    const errors = errorsOf(follower);
    const cause = new Error("EIO");
    follower.log.writeError = cause;
    other.log.hold();
    const pending = leader.node.propose("a", { timeoutMs: 300 }).catch((error: unknown) => error);
    await clock.until(() => follower.node.status().state === "failed");
    const writes = follower.log.calls.filter((call) => call === "write").length;
    expect(errors).toHaveLength(1);
    expect(errors[0]).toBeInstanceOf(StorageFailed);
    expect(errors[0]).toMatchObject({ cause, code: "STORAGE_FAILED" });
    const { messagesSent } = follower.node.status().counters;
    expect(await clock.outcome(pending)).toBeInstanceOf(OutcomeUnknown);
    expect(leader.machine.commands).toEqual([]);
    expect(follower.node.status().counters.messagesSent).toBe(messagesSent);
    expect(follower.log.calls.filter((call) => call === "write").length).toBe(writes);
    expect(follower.transport.calls).toContain("close");
    expect(network.sent).toBeGreaterThan(0);
  });

  test("a leader asks another one to lead before it ends", async () => {
    const { clock, leader, followers } = await cluster(3);
    errorsOf(leader);
    leader.log.writeError = new Error("EIO");
    const write = leader.node.propose("a").catch((error: unknown) => error);
    const since = clock.now();
    await clock.until(() => followers.some(({ node }) => node.status().role === "leader"));
    // The smallest election timeout is 150 ms.
    expect(clock.now() - since).toBeLessThan(100);
    expect(await clock.outcome(write)).toBeInstanceOf(OutcomeUnknown);
    expect(leader.node.status().state).toBe("failed");
  });

  test("calls on the failed node end at once and say why", async () => {
    const { clock, leader } = await cluster(1);
    errorsOf(leader);
    leader.log.writeError = new Error("ENOSPC");
    const unknown: unknown = await clock.outcome(
      leader.node.propose("a").catch((error: unknown) => error),
    );
    expect(unknown).toBeInstanceOf(OutcomeUnknown);
    expect(unknown).toMatchObject({ reason: "failed", cause: { code: "STORAGE_FAILED" } });
    const refused: unknown = await clock.outcome(
      leader.node.propose("b").catch((error: unknown) => error),
    );
    expect(refused).toBeInstanceOf(NotProposed);
    expect(refused).toMatchObject({
      reason: "failed",
      message: expect.stringMatching(/^node n1 has failed: .*ENOSPC; nothing was proposed$/),
      cause: { code: "STORAGE_FAILED" },
    });
    const unread: unknown = await clock.outcome(
      leader.node.read("q").catch((error: unknown) => error),
    );
    expect(unread).toBeInstanceOf(ReadFailed);
    expect(unread).toMatchObject({ reason: "failed", cause: { code: "STORAGE_FAILED" } });
    await clock.outcome(leader.node.close());
    expect(leader.node.status().state).toBe("failed");
    expect(leader.log.calls.filter((call) => call === "close")).toHaveLength(1);
    expect(leader.machine.closed).toBe(1);
  });
});

describe("closed", () => {
  test("resolves with the error once the parts of a failed node are released", async () => {
    const { clock, leader } = await cluster(1);
    errorsOf(leader);
    let finish = (): void => {};
    leader.machine.applying = () => new Promise((resolve) => (finish = resolve));
    leader.node.propose("a").catch(() => {});
    await clock.run(20);
    leader.log.writeError = new Error("EIO");
    leader.node.propose("b").catch(() => {});
    await clock.until(() => leader.node.status().state === "failed");
    let error: unknown = "not yet";
    void leader.node.closed.then((reason) => (error = reason));
    await clock.run(1000);
    expect(error).toBe("not yet");
    finish();
    expect(await clock.outcome(leader.node.closed)).toMatchObject({ code: "STORAGE_FAILED" });
    expect(leader.machine.closed).toBe(1);
  });

  test("resolves with nothing after close", async () => {
    const { clock, leader } = await cluster(1);
    await clock.outcome(leader.node.close());
    expect(await clock.outcome(leader.node.closed)).toBeUndefined();
  });
});

describe("a node that doesn't run", () => {
  for (const state of ["failed", "closed"] as const) {
    test(`(${state}) has no role, knows no leader and has no peers`, async () => {
      const { clock, leader } = await cluster();
      const { node, log } = leader;
      errorsOf(leader);
      expect(node.status()).toMatchObject({ role: "leader", leaderId: "n1" });
      log.writeError = new Error("EIO");
      if (state === "failed") await clock.outcome(node.propose("a").catch(() => {}));
      else await clock.outcome(node.close());
      expect(node.status()).toMatchObject({
        state,
        role: null,
        leaderId: null,
        peers: [],
        term: 2,
      });
    });
  }
});

describe("a failure is written to stderr", () => {
  async function written(change: Partial<TestOptions>, listens: boolean): Promise<unknown[][]> {
    const { clock, leader } = await cluster(1, change);
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => error.mockRestore());
    if (listens) leader.node.on("error", () => {});
    leader.log.writeError = new Error("EIO");
    await clock.outcome(leader.node.propose("a").catch(() => {}));
    return error.mock.calls;
  }

  test("with the error, where there is neither logger nor listener", async () => {
    expect(await written({}, false)).toEqual([
      [expect.stringMatching(/give createNode a logger/), expect.any(StorageFailed)],
    ]);
  });

  test("not where there is one of them", async () => {
    expect(await written({}, true)).toEqual([]);
    expect(await written({ logger: createLines() }, false)).toEqual([]);
  });
});

test("two leaders in one term stop the node that sees them", async () => {
  const {
    clock,
    leader,
    followers: [follower],
  } = await cluster();
  const errors = errorsOf(leader);
  const [frame] = [
    encodeFrame(jsonCodec, {
      type: "appendEntries",
      to: "n1-data-directory-1",
      term: 2,
      prevLogIndex: 1,
      prevLogTerm: 1,
      leaderCommit: 0,
      round: 1,
      matchIndex: 0,
      leaseMs: 0,
      entries: [],
    }),
  ];
  leader.transport.inject(
    { id: follower.id, incarnation: "n2-data-directory-1", run: 1 },
    Uint8Array.from(frame.flatMap((part) => [...part])),
  );
  await clock.flush();
  expect(errors).toMatchObject([{ code: "INVARIANT_VIOLATION" }]);
});

test("rubbish from a peer is dropped and counted, and the peer is disconnected", async () => {
  const { clock, leader } = await cluster();
  const { messagesDropped } = leader.node.status().counters;
  const sender = { id: "n2", incarnation: "n2-data-directory-1", run: 1 };
  for (const bytes of [
    [],
    [1, 2, 3],
    [255, 255, 255, 255],
    [2, 0, 0, 0, 91, 93],
    [3, 0, 0, 0, 123, 34, 1],
  ]) {
    leader.transport.inject(sender, new Uint8Array(bytes));
  }
  await clock.flush();
  expect(leader.node.status().counters.messagesDropped - messagesDropped).toBe(5);
  expect(leader.transport.calls.filter((call) => call === "disconnect n2")).toHaveLength(5);
  expect(leader.node.status().state).toBe("running");
});
