// What an operator reads: who is missing at the first start, why messages are dropped, that the log
// is full; and that nobody can flood or mute it.
import { describe, expect, onTestFinished, test } from "vitest";
import type { Message, Peer } from "@raftkit/core";
import { encodeFrame, RaftkitError } from "@raftkit/core";
import { createNode } from "raftkit";
import { RateLimit } from "../src/rate-limit.js";
import { createVirtualClock } from "./support/clock.js";
import { jsonCodec, partsOf, startCluster, stop } from "./support/cluster.js";
import { createLines } from "./support/lines.js";
import { createTestNetwork } from "./support/network.js";

describe("the first start", () => {
  /** Minutes pass here: with few heartbeats. */
  const slow = { electionTimeoutMs: { min: 2000, max: 4000 }, heartbeatIntervalMs: 1000 };

  test("names who is missing, soon and then now and then, and says when it is over", async () => {
    const clock = createVirtualClock();
    const network = createTestNetwork(clock);
    const ids = ["n1", "n2", "n3"];
    const start = async (id: string): Promise<Parameters<typeof watch>[0]> => {
      const logger = createLines();
      const node = await createNode({
        ...partsOf(clock, network, id, ids).options,
        logger,
        ...slow,
      });
      onTestFinished(() => clock.outcome(node.close()));
      return { node, logger };
    };
    const watch = (member: {
      readonly node: Awaited<ReturnType<typeof createNode<string, number, string, string>>>;
      readonly logger: ReturnType<typeof createLines>;
    }) => ({
      missing: member.node.status().bootstrap?.missing,
      lines: member.logger.matching(/isn't bootstrapped/),
    });

    const n1 = await start("n1");
    await clock.run(1900);
    expect(watch(n1)).toEqual({ missing: ["n2", "n3"], lines: [] });
    await clock.run(200);
    expect(watch(n1).lines).toMatchObject([
      {
        level: "warn",
        fields: { missing: ["n2", "n3"] },
        message: expect.stringMatching(/n2, n3 didn't answer/),
      },
    ]);
    const n2 = await start("n2");
    await clock.run(10_000);
    expect(watch(n1).missing).toEqual(["n3"]);
    expect(watch(n1).lines.at(-1)?.message).toMatch(/and n3 didn't answer/);
    expect(watch(n2).missing).toEqual(["n3"]);
    expect(watch(n2).lines.at(-1)?.message).toMatch(/and n3 didn't answer here.*smallest id/);
    await clock.run(300_000);
    expect(watch(n1).lines.length).toBeGreaterThan(5);
    expect(watch(n1).lines.length).toBeLessThan(12);

    const n3 = await start("n3");
    await clock.until(() => [n1, n2, n3].every(({ node }) => node.status().leaderId !== null));
    for (const { node, logger } of [n1, n2, n3]) {
      expect(node.status().bootstrap).toBeNull();
      expect(logger.matching(/the cluster is bootstrapped: n1, n2, n3/)).toHaveLength(1);
    }
    const before = n1.logger.all.length;
    await clock.run(300_000);
    expect(n1.logger.all.length).toBe(before);
    expect(clock.timers).toBe(3);
  });

  test("a node that doesn't ask names those that it hasn't heard, the one that should ask too", async () => {
    const clock = createVirtualClock();
    const logger = createLines();
    const { options } = partsOf(clock, createTestNetwork(clock), "n2", ["n1", "n2", "n3"]);
    const node = await createNode({ ...options, logger });
    await clock.run(2100);
    expect(node.status().bootstrap).toEqual({ missing: ["n1", "n3"] });
    expect(logger.matching(/and n1, n3 didn't answer/)).toHaveLength(1);
    await clock.outcome(node.close());
    expect(clock.timers).toBe(0);
  });

  test("isn't spoken of where a log is found", async () => {
    const { clock, leader, followers, network } = await startCluster();
    await clock.outcome(Promise.all([leader, ...followers].map(({ node }) => node.close())));
    const logger = createLines();
    const { options } = partsOf(clock, network, "n2", ["n1", "n2", "n3"]);
    const node = await createNode({
      ...options,
      storage: { log: followers[0].log },
      logger,
      ...slow,
    });
    await clock.run(100_000);
    expect(node.status().bootstrap).toBeNull();
    expect(logger.matching(/bootstrapped/)).toEqual([]);
    await clock.outcome(node.close());
  });
});

describe("a list of initial voters that isn't the log's", () => {
  const restart = async (bootstrap: readonly Peer[]): Promise<ReturnType<typeof createLines>> => {
    const { clock, leader, followers, network } = await startCluster();
    await clock.outcome(Promise.all([leader, ...followers].map(({ node }) => node.close())));
    const logger = createLines();
    const { options } = partsOf(clock, network, "n2", []);
    const node = await createNode({
      ...options,
      cluster: { id: "test", bootstrap },
      storage: { log: followers[0].log },
      logger,
    });
    await clock.run(1000);
    await clock.outcome(node.close());
    return logger;
  };
  const at = (id: string, address = `${id}.test:1`): Peer => ({ id, address });

  test("each node at another address is named, with both addresses and what to do", async () => {
    const logger = await restart([at("n1"), at("n2", "moved:2"), at("n3", "moved:3")]);
    expect(logger.matching(/cluster\.bootstrap/)).toEqual([
      {
        level: "warn",
        fields: {
          differing: [
            { id: "n2", given: "moved:2", inLog: "n2.test:1" },
            { id: "n3", given: "moved:3", inLog: "n3.test:1" },
          ],
        },
        message: expect.stringMatching(
          /: n2 \(now moved:2, in the log n2\.test:1\), n3 \(now moved:3, in the log n3\.test:1\)\. A node that has moved reports its new address itself/,
        ),
      },
    ]);
  });

  test("nodes that only one of them has are named", async () => {
    const logger = await restart([at("n1"), at("n2"), at("n4")]);
    expect(logger.matching(/list of initial voters/)).toMatchObject([
      {
        level: "warn",
        message: expect.stringMatching(/only in cluster\.bootstrap: n4; only in the log: n3$/),
      },
    ]);
    expect(logger.matching(/addresses/)).toEqual([]);
  });

  test("isn't spoken of where they are the same, in any order", async () => {
    const logger = await restart([at("n3"), at("n2"), at("n1")]);
    expect(logger.matching(/cluster\.bootstrap|initial voters/)).toEqual([]);
  });
});

describe("time without a leader", () => {
  test("names the voters that don't answer, with their addresses, soon and then now and then; calls that time out do, too", async () => {
    const logger = createLines();
    const cluster = await startCluster(3, { logger });
    onTestFinished(() => stop(cluster));
    const { clock, leader, followers } = cluster;
    const errorOf = (call: Promise<unknown>): Promise<string> =>
      clock.outcome(call.catch((error: unknown) => String(error))).then(String);
    await clock.run(60_000);
    expect(logger.matching(/no leader/)).toEqual([]);

    await clock.outcome(followers[0].node.close());
    await clock.outcome(followers[1].node.close());
    await clock.run(4000);
    expect(logger.matching(/no leader/)).toEqual([]);
    await clock.run(2000);
    const silent = "n2 at n2.test:1 and n3 at n3.test:1 didn't answer";
    expect(logger.matching(/no leader/)).toMatchObject([
      { level: "warn", message: `no leader for 5 s; ${silent}` },
    ]);
    const timeoutMs = 100;
    expect(await errorOf(leader.node.propose("a", { timeoutMs }))).toContain(
      `before a leader was known; ${silent}; nothing was proposed`,
    );
    expect(await errorOf(leader.node.read("q", { timeoutMs }))).toContain(silent);
    expect(await errorOf(leader.node.ready({ timeoutMs }))).toContain(silent);
    await clock.run(300_000);
    expect(logger.matching(/no leader/).length).toBeGreaterThan(4);
    expect(logger.matching(/no leader/).length).toBeLessThan(9);
  });

  test("doesn't name a voter that answers, and ends with the next leader", async () => {
    const logger = createLines();
    const cluster = await startCluster(5, { logger });
    onTestFinished(() => stop(cluster));
    const { clock, network, members } = cluster;
    network.isolate("n3", "n4", "n5");
    await clock.run(8000);
    const lines = logger.matching(/no leader for/);
    expect(lines.map(({ message }) => message)).toContain(
      "no leader for 5 s; n3 at n3.test:1 and n4 at n4.test:1 and n5 at n5.test:1 didn't answer",
    );
    network.heal();
    await clock.until(() => members.every(({ node }) => node.status().leaderId !== null));
    const before = logger.matching(/no leader for/).length;
    await clock.run(100_000);
    expect(logger.matching(/no leader for/)).toHaveLength(before);
  });
});

describe("messages that are dropped", () => {
  const bytesOf = (message: Message): Uint8Array =>
    Uint8Array.from(encodeFrame(jsonCodec, message).flatMap((part) => [...part]));
  const vote = (to: string, term: number): Uint8Array =>
    bytesOf({
      type: "requestVote",
      to,
      term,
      lastLogIndex: 9,
      lastLogTerm: 1,
      transfer: false,
      configurationIndex: 1,
    });
  const reply: Message = {
    type: "appendEntriesReply",
    to: "n1-data-directory-1",
    term: 2,
    round: 0,
    success: true,
    matchIndex: 0,
    verifiedIndex: 0,
    prevLogIndex: 0,
    conflictIndex: 0,
    conflictTerm: 0,
    neededSnapshot: 0,
    promised: false,
  };
  const own = "n1-data-directory-1";
  const cases: readonly (readonly [string, string, number, Uint8Array, RegExp])[] = [
    [
      "addressee",
      "n2-data-directory-1",
      1,
      vote("n1-data-directory-9", 3),
      /another data directory than this node's/,
    ],
    [
      "notMember",
      "n2-data-directory-9",
      1,
      bytesOf(reply),
      /its data directory isn't the one that the cluster's configuration names/,
    ],
    ["staleRun", "n2-data-directory-1", 0, bytesOf(reply), /an earlier run of it/],
    ["impossible", "n2-data-directory-1", 1, vote(own, 2 ** 40), /what no correct node can send/],
    [
      "malformed",
      "n2-data-directory-1",
      1,
      new Uint8Array([1, 2, 3]),
      /another version of raftkit/,
    ],
  ];
  for (const [reason, incarnation, run, frame, pattern] of cases) {
    test(`${reason}: the line names the peer and the cause`, async () => {
      const logger = createLines();
      const cluster = await startCluster(3, { logger });
      onTestFinished(() => stop(cluster));
      cluster.leader.transport.inject({ id: "n2", incarnation, run }, frame);
      await cluster.clock.flush();
      expect(logger.matching(/^messages of n2 are dropped: /)).toMatchObject([
        {
          level: "warn",
          fields: { from: { id: "n2", incarnation }, reason },
          message: expect.stringMatching(pattern),
        },
      ]);
    });
  }

  test("whoever the transport turns away again and again is told of now and then", async () => {
    const logger = createLines();
    const cluster = await startCluster(1, { logger });
    onTestFinished(() => stop(cluster));
    const { handler } = cluster.leader.transport;
    for (let i = 0; i < 1000; i++) handler?.rejected(new RaftkitError("ALIEN", "another cluster"));
    expect(logger.matching(/another cluster/)).toHaveLength(1);
    await cluster.clock.run(10_000);
    handler?.rejected(new RaftkitError("ALIEN", "another cluster"));
    expect(logger.matching(/another cluster/)).toMatchObject([
      {},
      {
        fields: { suppressed: 999 },
        message: expect.stringMatching(/999 lines of this kind were suppressed/),
      },
    ]);
  });
});

describe("the limit on warnings", () => {
  const line = (kind: string, subject: string): Parameters<RateLimit["write"]>[0] => ({
    level: "warn",
    kind,
    subject,
    fields: {},
    message: `${kind} of ${subject}`,
  });

  test("thousands of subjects can't fill the log, nor silence what comes later", async () => {
    const clock = createVirtualClock();
    const lines = createLines();
    const limit = new RateLimit(lines, clock);
    for (let i = 0; i < 5000; i++) limit.write(line("a", `stranger ${i}`));
    expect(lines.all.length).toBe(20);
    limit.write(line("b", "n2"));
    expect(lines.all.at(-1)?.message).toBe("b of n2");
    await clock.run(10_000);
    limit.write(line("a", "n3"));
    expect(lines.all.at(-1)?.message).toMatch(/^a of n3 \(4980 lines of this kind/);
    limit.write(line("a", "n4"));
    expect(lines.all.at(-1)?.message).toBe("a of n4");
  });

  test("one subject is told of once in ten seconds, with what was left out meanwhile", async () => {
    const clock = createVirtualClock();
    const lines = createLines();
    const limit = new RateLimit(lines, clock);
    for (let second = 0; second < 25; second++) {
      limit.write(line("a", "n2"));
      await clock.run(1000);
    }
    expect(lines.all.map(({ message }) => message)).toEqual([
      "a of n2",
      "a of n2 (9 lines of this kind were suppressed before)",
      "a of n2 (9 lines of this kind were suppressed before)",
    ]);
  });
});
