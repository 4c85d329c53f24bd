// Opening, closing, time: what a node owes its surroundings.
import { describe, expect, test } from "vitest";
import type { Message } from "@raftkit/core";
import { encodeConfiguration, encodeRun, EntryKind, RaftkitError } from "@raftkit/core";
import { createNode, InvalidOption } from "raftkit";
import { createVirtualClock } from "./support/clock.js";
import type { VirtualClock } from "./support/clock.js";
import type { Member, TestOptions } from "./support/cluster.js";
import { cluster, jsonCodec, partsOf } from "./support/cluster.js";
import type { TestTransport } from "./support/network.js";
import { createTestNetwork } from "./support/network.js";
import { encodeFrame } from "@raftkit/core";

function parts(): ReturnType<typeof partsOf> & {
  readonly clock: ReturnType<typeof createVirtualClock>;
} {
  const clock = createVirtualClock();
  return { clock, ...partsOf(clock, createTestNetwork(clock), "n1", ["n1"]) };
}

describe("createNode", () => {
  const address = "n1.test:1";
  const wrong: readonly (readonly [
    string,
    (options: TestOptions) => Partial<TestOptions>,
    RegExp,
  ])[] = [
    ["id", () => ({ id: "n 1" }), /option id: given "n 1"; allowed: 1 to 64/],
    [
      "cluster.id",
      () => ({ cluster: { id: "", bootstrap: [{ id: "n1", address }] } }),
      /option cluster\.id: given ""/,
    ],
    [
      "a bootstrap without this node",
      () => ({ cluster: { id: "test", bootstrap: [{ id: "n2", address }] } }),
      /cluster\.bootstrap: given "n2"; allowed: a list that has this node, n1/,
    ],
    [
      "a bootstrap with a node twice",
      () => ({
        cluster: {
          id: "test",
          bootstrap: [
            { id: "n1", address },
            { id: "n1", address },
          ],
        },
      }),
      /each id once/,
    ],
    [
      "a bootstrap with a bad address",
      () => ({ cluster: { id: "test", bootstrap: [{ id: "n1", address: "a b" }] } }),
      /cluster\.bootstrap: given "a b"; allowed: addresses/,
    ],
    [
      "two nodes at one address",
      () => ({
        cluster: {
          id: "test",
          bootstrap: ["n1", "n2", "n3"].map((id) => ({
            id,
            address: id === "n2" ? "b:1" : "a:1",
          })),
        },
      }),
      /cluster\.bootstrap: given "n1 and n3 at a:1"; allowed: each address once/,
    ],
    [
      "electionTimeoutMs",
      () => ({ electionTimeoutMs: { min: 300, max: 300 } }),
      /electionTimeoutMs: given {"min":300,"max":300}; allowed: { min, max } in milliseconds, 0 < min < max/,
    ],
    [
      "log",
      () => ({ storage: JSON.parse("{}") }),
      /option storage\.log: not given; allowed: an object with the functions open, write, close/,
    ],
    [
      "state machine",
      () => ({ stateMachine: JSON.parse("{}") }),
      /option stateMachine: given one without apply, query; allowed: an object with the functions/,
    ],
    [
      "commandFormat",
      ({ stateMachine }) => ({ stateMachine: { ...stateMachine, commandFormat: "KV 1" } }),
      /stateMachine\.commandFormat.*: given "json\+KV 1"; allowed: up to four names joined by \+/,
    ],
    [
      "codec name",
      ({ codec }) => ({ codec: { ...codec, name: "" } }),
      /option codec\.name.*: given ""; allowed/,
    ],
    [
      "heartbeatIntervalMs",
      () => ({ heartbeatIntervalMs: 76 }),
      /heartbeatIntervalMs: given 76; allowed: .*at most half.*75/,
    ],
    ["defaultTimeoutMs", () => ({ defaultTimeoutMs: 0 }), /defaultTimeoutMs: given 0/],
    [
      "maxCommandBytes",
      () => ({ maxCommandBytes: 2 ** 20 }),
      /maxCommandBytes: given 1048576; allowed: .*at most 983040/,
    ],
    [
      "maxCommandBytes beyond maxUncommittedBytes",
      () => ({ maxCommandBytes: 1000, maxUncommittedBytes: 1000 }),
      /maxCommandBytes: given 1000; allowed: .*at most 732/,
    ],
    [
      "maxUncommittedBytes without room for a command",
      () => ({ maxUncommittedBytes: 268 }),
      /maxUncommittedBytes and maxLogBytes: given \[268,.*more than 268,.*more than 537,/,
    ],
    [
      "maxCommandBytes beyond half of maxLogBytes",
      () => ({ maxCommandBytes: 1000, maxLogBytes: 2001 }),
      /maxCommandBytes: given 1000; allowed: .*at most 732/,
    ],
    [
      "maxLogBytes without room for two commands",
      () => ({ maxLogBytes: 537 }),
      /maxUncommittedBytes and maxLogBytes: given \[.*,537\].*more than 268,.*more than 537,/,
    ],
    ["maxLogBytes", () => ({ maxLogBytes: -1 }), /maxLogBytes: given -1/],
    ["maxUncommittedBytes", () => ({ maxUncommittedBytes: NaN }), /maxUncommittedBytes: given NaN/],
  ];
  const untyped = (text: string): Partial<TestOptions> => JSON.parse(text) as Partial<TestOptions>;
  const shapes: typeof wrong = [
    [
      "name",
      () => untyped('{"heartbeatIntervallMs":50}'),
      /option heartbeatIntervallMs: there is no such option; did you mean heartbeatIntervalMs\? allowed: id, address, cluster/,
    ],
    ["name without a near one", () => untyped('{"verbose":true}'), /no such option; allowed: id,/],
    [
      "name in an option",
      ({ storage }) => ({ storage: { ...storage, ...untyped('{"snapshto":{}}') } }),
      /option storage\.snapshto: there is no such option; allowed: log, snapshots/,
    ],
    ["type of id", () => untyped('{"id":7}'), /option id: given a number; allowed: a string/],
    ["cluster", () => untyped('{"cluster":null}'), /cluster: given null; allowed: an object/],
    [
      "bootstrap",
      () => untyped('{"cluster":{"id":"test","bootstrap":"n1"}}'),
      /cluster\.bootstrap: given a string "n1"; allowed: an array/,
    ],
    [
      "peer",
      () => untyped('{"cluster":{"id":"test","bootstrap":[{"id":"n1","adress":"a"}]}}'),
      /cluster\.bootstrap\[0\]\.adress: there is no such option; did you mean cluster\.bootstrap\[0\]\.address\?/,
    ],
    [
      "number as text",
      () => untyped('{"defaultTimeoutMs":"5000"}'),
      /defaultTimeoutMs: given a string "5000"; allowed: a number/,
    ],
    [
      "election timeout as text",
      () => untyped('{"electionTimeoutMs":{"min":"1","max":2}}'),
      /electionTimeoutMs\.min: given a string "1"; allowed: a number/,
    ],
    ["random", () => untyped('{"random":0.5}'), /random: given a number; allowed: a function/],
    [
      "logger",
      () => untyped('{"logger":{}}'),
      /logger: given one without debug, info, warn, error; allowed: an object with the functions/,
    ],
    ["clock", () => untyped('{"clock":{}}'), /clock: given one without now, schedule, defer/],
    ["schema", () => untyped('{"commandSchema":{}}'), /"~standard"\]: given one without validate/],
  ];
  for (const [name, change, message] of [...wrong, ...shapes]) {
    test(`refuses a wrong ${name}, by name, before anything is opened`, async () => {
      const { options, log, transport } = parts();
      const error: unknown = await createNode({ ...options, ...change(options) }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(InvalidOption);
      expect(String(error)).toMatch(message);
      expect([...log.calls, ...transport.calls]).toEqual([]);
    });
  }

  test("refuses a wrong timeout of a call", async () => {
    const { clock, leader } = await cluster(1);
    await expect(clock.outcome(leader.node.propose("a", { timeoutMs: -1 }))).rejects.toThrow(
      "option timeoutMs: given -1",
    );
    await expect(clock.outcome(leader.node.read("q", { timeoutMs: NaN }))).rejects.toThrow(
      "option timeoutMs: given NaN",
    );
  });

  test("closes what it opened when a later part fails, and rejects with that part's error", async () => {
    const failure = new RaftkitError("PORT_IN_USE", "port 1 is in use");
    const inTransport = parts();
    inTransport.transport.startError = failure;
    await expect(createNode(inTransport.options)).rejects.toBe(failure);
    expect([
      inTransport.log.calls,
      inTransport.transport.calls,
      inTransport.machine.closed,
    ]).toEqual([["open", "close"], ["start", "close"], 1]);
    expect(inTransport.clock.timers).toBe(0);

    const inMachine = parts();
    inMachine.machine.opening = failure;
    await expect(createNode(inMachine.options)).rejects.toBe(failure);
    expect(inMachine.log.calls).toEqual(["open", "close"]);

    const inLog = parts();
    inLog.log.openError = failure;
    await expect(createNode(inLog.options)).rejects.toBe(failure);
    expect(inLog.transport.calls).toEqual([]);
  });
});

describe("close", () => {
  test("releases every part once, however often it is called", async () => {
    const {
      clock,
      leader,
      followers: [follower],
    } = await cluster();
    await clock.outcome(Promise.all([leader.node.close(), leader.node.close()]));
    await clock.outcome(leader.node.close());
    expect(leader.node.status().state).toBe("closed");
    expect(leader.log.calls.filter((call) => call === "close")).toHaveLength(1);
    expect(leader.transport.calls.filter((call) => call === "close")).toHaveLength(1);
    expect(leader.machine.closed).toBe(1);
    await clock.until(
      () =>
        follower.node.status().leaderId !== leader.id && follower.node.status().leaderId !== null,
    );
  });

  test("leaves no timer behind", async () => {
    const { clock, leader } = await cluster(1);
    await clock.outcome(leader.node.propose("a"));
    await clock.outcome(leader.node.close());
    expect(clock.timers).toBe(0);
  });

  test("nothing is written or applied any more once it was called", async () => {
    const { clock, leader, members } = await cluster();
    leader.log.hold();
    leader.node.propose("a").catch(() => {});
    await clock.flush();
    leader.node.propose("b").catch(() => {});
    await clock.flush();
    const writes = leader.log.calls.filter((call) => call === "write").length;
    const closing = leader.node.close();
    leader.log.release();
    await clock.outcome(closing);
    await clock.run(500);
    expect(leader.log.calls.filter((call) => call === "write").length).toBe(writes);
    expect(leader.machine.commands).toEqual([]);
    expect(members).toHaveLength(3);
  });

  test("an entry that waits for its turn isn't applied after the close", async () => {
    const { clock, leader } = await cluster(1);
    let committed = false;
    leader.node.on("commit", () => {
      committed = true;
      // After the entry was handed over, before its turn.
      queueMicrotask(() => void leader.node.close());
    });
    leader.node.propose("a").catch(() => {});
    await clock.until(() => committed);
    await clock.outcome(leader.node.close());
    expect(leader.machine.commands).toEqual([]);
  });

  test("await using closes", async () => {
    const { clock, options, log, machine } = parts();
    const leaveBlock = async (): Promise<void> => {
      await using node = await createNode(options);
      await clock.until(() => node.status().role === "leader");
    };
    await clock.outcome(leaveBlock());
    expect(log.calls.at(-1)).toBe("close");
    expect(machine.closed).toBe(1);
  });
});

describe("apply", () => {
  test("one at a time and in order, also when it takes its time; heartbeats go on meanwhile", async () => {
    const {
      clock,
      leader,
      followers: [follower],
    } = await cluster();
    let running = 0;
    let most = 0;
    leader.machine.applying = async () => {
      running++;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => clock.schedule(clock.now() + 400, resolve));
      running--;
    };
    const results = clock.outcome(
      Promise.all(
        ["a", "b", "c"].map((command) => leader.node.propose(command, { timeoutMs: Infinity })),
      ),
    );
    expect(await results).toEqual([1, 2, 3]);
    expect(most).toBe(1);
    expect(leader.machine.commands).toEqual(["a", "b", "c"]);
    expect(leader.node.status()).toMatchObject({ role: "leader", term: 2 });
    expect(follower.node.status().term).toBe(2);
  });
});

describe("time", () => {
  async function follower(): Promise<{
    readonly clock: VirtualClock;
    readonly node: Member["node"];
    readonly transport: TestTransport;
  }> {
    const clock = createVirtualClock();
    const ids = ["n1", "n2", "n3"];
    const { options, log, transport } = partsOf(clock, createTestNetwork(clock), "n2", ids);
    const voters = ids.map((id) => ({
      id,
      incarnation: `${id}-data-directory-1`,
      address: `${id}.test:1`,
    }));
    await log.write([
      { type: "hardState", hardState: { currentTerm: 1, votedFor: null } },
      {
        type: "append",
        run: encodeRun(1, 1, EntryKind.configuration, [
          encodeConfiguration({
            clusterInstance: "cluster-instance-1",
            voters,
            learners: [],
            outgoing: [],
          }),
        ]),
      },
    ]);
    const node = await createNode(options);
    await clock.run(20);
    return { clock, node, transport };
  }

  test("a late timer hears the input that waits before it starts an election (hazard 62)", async () => {
    const { clock, node, transport } = await follower();
    clock.stall(1000);
    // Arrived during the stall; the timer is late already.
    const heartbeat: Message = {
      type: "appendEntries",
      to: "n2-data-directory-1",
      term: 2,
      prevLogIndex: 1,
      prevLogTerm: 1,
      leaderCommit: 0,
      round: 1,
      matchIndex: 0,
      leaseMs: 0,
      entries: [],
    };
    clock.defer(() =>
      transport.inject(
        { id: "n1", incarnation: "n1-data-directory-1", run: 1 },
        Uint8Array.from(encodeFrame(jsonCodec, heartbeat).flatMap((part) => [...part])),
      ),
    );
    const roles: string[] = [];
    node.on("role", ({ role }) => roles.push(role));
    await clock.flush();
    expect(roles).toEqual(["follower"]);
    expect(node.status().leaderId).toBe("n1");
    await clock.outcome(node.close());
  });

  test("a late timer that finds no input does its work", async () => {
    const { clock, node } = await follower();
    clock.stall(1000);
    await clock.flush();
    expect(node.status().role).toBe("candidate");
    await clock.outcome(node.close());
  });

  test("an idle node holds one timer", async () => {
    const { clock } = await cluster();
    await clock.run(100);
    expect(clock.timers).toBe(3);
  });
});
