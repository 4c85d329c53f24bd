// What a node tells its instruments: durations on virtual time, outcomes, queues, spans.
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Message } from "@raftkit/core";
import { encodeFrame } from "@raftkit/core";
import { createNode } from "raftkit";
import { CommitTimes } from "../src/commit-times.js";
import { callerOf, Proposal } from "../src/proposal.js";
import { Proposals } from "../src/proposals.js";
import { createVirtualClock } from "./support/clock.js";
import type { TestCluster, TestOptions } from "./support/cluster.js";
import { jsonCodec, partsOf, startCluster, stop } from "./support/cluster.js";
import type { Recorded } from "./support/instruments.js";
import { createRecorded } from "./support/instruments.js";
import { createLines } from "./support/lines.js";
import { createTestNetwork } from "./support/network.js";
import { unhandledIn } from "./support/unhandled.js";

async function measured(
  size = 3,
  change: Partial<TestOptions> = {},
): Promise<TestCluster & { readonly recorded: Recorded }> {
  const recorded = createRecorded();
  const started = await startCluster(size, { ...change, instruments: recorded.create });
  onTestFinished(() => stop(started));
  return { ...started, recorded };
}

/** Of the values since the last look. */
function freshOf(recorded: Recorded, id: string, name: string): () => readonly number[] {
  let seen = recorded.values(id, name).length;
  return () => {
    const fresh = recorded.values(id, name).slice(seen);
    seen += fresh.length;
    return fresh;
  };
}

describe("durations, in seconds", () => {
  test("a write of the log, the commit that waits for it, the apply, and the call", async () => {
    const { clock, recorded, leader } = await measured(1);
    const [writes, commits, applies, calls] = [
      "raftkit.log.write.duration",
      "raftkit.commit.duration",
      "raftkit.apply.duration",
      "raftkit.propose.duration",
    ].map((name) => freshOf(recorded, "n1", name));
    leader.log.hold();
    leader.machine.applying = () => clock.stall(7);
    const proposed = leader.node.propose("a");
    await clock.run(20);
    expect([writes, commits, applies, calls].map((fresh) => fresh?.())).toEqual([[], [], [], []]);
    leader.log.release();
    await clock.outcome(proposed);
    expect([writes, commits, applies, calls].map((fresh) => fresh?.())).toEqual([
      [0.02],
      [0.02],
      [0.007],
      [0.027],
    ]);
  });

  test("an asynchronous apply lasts until it has its result", async () => {
    const { clock, recorded, leader } = await measured(1);
    let goOn = (): void => {};
    leader.machine.applying = () => new Promise<void>((resolve) => (goOn = resolve));
    const proposed = leader.node.propose("a");
    await clock.run(30);
    goOn();
    expect(await clock.outcome(proposed)).toBe(1);
    expect(recorded.values("n1", "raftkit.apply.duration")).toEqual([0.03]);
  });

  test("a commit is measured where the proposal was made, and nowhere else", async () => {
    const {
      clock,
      recorded,
      followers: [follower],
    } = await measured();
    await clock.outcome(Promise.all(["a", "b"].map((command) => follower.node.propose(command))));
    expect(recorded.values(follower.id, "raftkit.commit.duration")).toHaveLength(2);
    for (const id of ["n1", "n3"]) {
      expect(recorded.values(id, "raftkit.commit.duration")).toEqual([]);
    }
    await clock.until(() => recorded.values("n3", "raftkit.apply.duration").length === 2);
  });

  test("a proposal in whose place another term's entry was committed has no commit", () => {
    const clock = createVirtualClock();
    const seconds: number[] = [];
    const proposals = new Proposals<string>(1_000_000);
    const commits = new CommitTimes(clock, (value) => seconds.push(value));
    proposals.commits = commits;
    const ends: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      proposals.add(
        new Proposal<string>(
          [new Uint8Array(1)],
          callerOf<string>(
            (result) => ends.push(result),
            () => ends.push("superseded"),
          ),
        ),
      );
    }
    proposals.take();
    proposals.onAccepted(1, 3, 5, 2, 4);
    clock.stall(10);
    commits.committed(5);
    clock.stall(10);
    commits.committed(7);
    clock.stall(10);
    proposals.onApplied(5, 2, "first");
    proposals.onApplied(6, 2, "second");
    proposals.onApplied(7, 3, "another's");
    expect(ends).toEqual(["first", "second", "superseded"]);
    expect(seconds).toEqual([0.01, 0.02]);
  });

  test("a commit whose entries are applied is forgotten", () => {
    const seconds: number[] = [];
    const commits = new CommitTimes(createVirtualClock(), (value) => seconds.push(value));
    for (const index of [5, 6, 7]) commits.committed(index);
    commits.forget(6);
    commits.applied(6, 1000);
    commits.applied(7, 1000);
    commits.forget(7);
    commits.applied(7, 1000);
    expect(seconds).toEqual([0, 0]);
  });

  test("an election, from its pre-vote to the leadership", async () => {
    const { clock, network, recorded, leader, followers } = await measured();
    const [winner] = followers;
    const fresh = freshOf(recorded, winner.id, "raftkit.election.duration");
    let standsSince = NaN;
    let leadsSince = NaN;
    winner.node.on("role", ({ role }) => {
      if (role === "candidate" && Number.isNaN(standsSince)) standsSince = clock.now();
      if (role === "leader") leadsSince = clock.now();
    });
    network.isolate(leader.id);
    for (const { transport } of followers) {
      transport.refuses = () => {
        clock.stall(3);
        return false;
      };
    }
    await clock.until(() => winner.node.status().role === "leader");
    expect(leadsSince).toBeGreaterThan(standsSince);
    expect(fresh()).toEqual([(leadsSince - standsSince) / 1000]);
    expect(recorded.spans.filter((span) => span.startsWith(`${winner.id} election`))).toEqual([
      `${winner.id} election won`,
    ]);
  });

  test("an election that this node doesn't win is lost", async () => {
    const {
      clock,
      network,
      recorded,
      followers: [loser],
    } = await measured();
    network.isolate(loser.id);
    await clock.until(() => loser.node.status().role === "candidate");
    const fresh = freshOf(recorded, loser.id, "raftkit.election.duration");
    network.heal();
    await clock.until(() => loser.node.status().role === "follower");
    expect(fresh()).toHaveLength(1);
    expect(recorded.spans.at(-1)).toBe(`${loser.id} election lost`);
  });

  test("a read, only where it was answered", async () => {
    const { clock, network, recorded, leader } = await measured();
    leader.machine.answering = () => clock.run(15);
    await clock.outcome(leader.node.read("q"));
    expect(recorded.values("n1", "raftkit.read.duration")).toEqual([0.015]);
    network.isolate(leader.id);
    await clock.outcome(leader.node.read("q", { timeoutMs: 10 }).catch(() => {}));
    expect(recorded.values("n1", "raftkit.read.duration")).toEqual([0.015]);
    expect(recorded.figure("n1", "raftkit.reads", "answered")).toBe(1);
    expect(recorded.figure("n1", "raftkit.reads", "timeout")).toBe(1);
  });
});

describe("calls", () => {
  test("are counted while they are under way, and by how they ended", async () => {
    const { clock, network, recorded, leader } = await measured();
    const pending = (): readonly (number | undefined)[] =>
      ["raftkit.pending_proposals", "raftkit.pending_reads"].map((name) =>
        recorded.figure("n1", name),
      );
    const ended = (outcome: string): number | undefined =>
      recorded.figure("n1", "raftkit.proposals", outcome);
    expect(pending()).toEqual([0, 0]);
    network.isolate(leader.id);
    const lost = leader.node.propose("a", { timeoutMs: 10 }).catch(() => {});
    const unread = leader.node.read("q", { timeoutMs: 10 }).catch(() => {});
    const aborted = leader.node.propose("b", { signal: AbortSignal.abort() }).catch(() => {});
    const wrong = leader.node.propose("c", { timeoutMs: -1 }).catch(() => {});
    expect(pending()).toEqual([3, 1]);
    await clock.outcome(Promise.all([lost, unread, aborted, wrong]));
    expect(pending()).toEqual([0, 0]);
    network.heal();
    await clock.outcome(leader.node.propose("d"));
    expect(["unknown", "aborted", "invalid", "applied", "noLeader"].map(ended)).toEqual([
      1, 1, 1, 1, 0,
    ]);
    expect(recorded.spans.filter((span) => span.startsWith("n1 propose"))).toEqual([
      "n1 propose unknown",
      "n1 propose aborted",
      "n1 propose invalid",
      "n1 propose applied",
    ]);
    expect(recorded.errors).toHaveLength(4);
  });

  test("that nobody awaits fail as loudly as without instruments", async () => {
    const { create } = createRecorded();
    for (const change of [{}, { instruments: create }]) {
      const started = await startCluster(1, change);
      onTestFinished(() => stop(started));
      const { node } = started.leader;
      const signal = AbortSignal.abort();
      expect(
        await unhandledIn(() => {
          void node.propose("a", { signal });
          void node.read("q", { signal });
        }),
      ).toMatchObject([
        { code: "NOT_PROPOSED", reason: "aborted" },
        { code: "READ_FAILED", reason: "aborted" },
      ]);
    }
  });

  test("begin their spans in their caller's asynchronous context", async () => {
    const context = new AsyncLocalStorage<string>();
    const contexts: unknown[] = [];
    const recorded = createRecorded((operation) => contexts.push([operation, context.getStore()]));
    const started = await startCluster(1, { instruments: recorded.create });
    onTestFinished(() => stop(started));
    const { clock, leader } = started;
    contexts.length = 0;
    await clock.outcome(context.run("request 1", () => leader.node.propose("a")));
    await clock.outcome(context.run("request 2", () => leader.node.read("q")));
    expect(contexts).toEqual([
      ["propose", "request 1"],
      ["read", "request 2"],
    ]);
  });
});

describe("figures", () => {
  test("are those of the status, of this moment", async () => {
    const { clock, recorded, leader, members } = await measured();
    await clock.outcome(leader.node.propose("a"));
    await clock.until(() => members.every(({ node }) => node.status().lastApplied === 3));
    clock.stall(10);
    const status = leader.node.status();
    const { counters } = status;
    expect(
      Object.fromEntries([...recorded.names].map((name) => [name, recorded.figure("n1", name)])),
    ).toMatchObject({
      "raftkit.up": 1,
      "raftkit.term": status.term,
      "raftkit.is_leader": 1,
      "raftkit.has_leader": 1,
      "raftkit.last_index": 3,
      "raftkit.durable_index": 3,
      "raftkit.commit_index": 3,
      "raftkit.applied_index": 3,
      "raftkit.apply.queue.length": 0,
      "raftkit.log.write.queue.length": 0,
      "raftkit.log.size": status.logBytes,
      "raftkit.log.limit": status.maxLogBytes,
      "raftkit.log.full": 0,
      "raftkit.disk.full": 0,
      "raftkit.voters": 3,
      "raftkit.bootstrap.missing": 0,
      "raftkit.messages.sent": counters.messagesSent,
      "raftkit.messages.unsent": 0,
      "raftkit.messages.received": counters.messagesReceived,
      "raftkit.messages.dropped": 0,
      "raftkit.elections.started": 1,
      "raftkit.persists": counters.persists,
      "raftkit.entries.applied": 1,
      "raftkit.event_loop.stalls": 0,
      "raftkit.has_lease": 0,
    });
    expect(status.peers[0]?.lastContactMs).toBeGreaterThanOrEqual(10);
    const roles = ["follower", "candidate", "leader"];
    expect(roles.map((role) => recorded.figure("n1", "raftkit.role", role))).toEqual([0, 0, 1]);
    expect(roles.map((role) => recorded.figure("n2", "raftkit.role", role))).toEqual([1, 0, 0]);
    expect(recorded.figure("n1", "raftkit.peer.match_index", "n2")).toBe(3);
    expect(recorded.figure("n1", "raftkit.peer.last_contact", "n3")).toBe(
      (status.peers.find(({ id }) => id === "n3")?.lastContactMs ?? NaN) / 1000,
    );
    expect(recorded.figure("n2", "raftkit.peer.match_index", "n1")).toBeUndefined();
    expect(recorded.created).toEqual(members.map(({ id }) => ({ id, clusterId: "test" })));
  });

  test("tell how long the queues are", async () => {
    const { clock, recorded, leader } = await measured(1);
    leader.log.hold();
    const proposed: Promise<number>[] = [];
    for (const command of ["a", "b", "c"]) {
      proposed.push(leader.node.propose(command));
      await clock.run(1);
    }
    expect(recorded.figure("n1", "raftkit.log.write.queue.length")).toBe(2);
    let goOn = (): void => {};
    leader.machine.applying = () => new Promise<void>((resolve) => (goOn = resolve));
    leader.log.release();
    await clock.until(() => leader.node.status().commitIndex === 5);
    expect(recorded.figure("n1", "raftkit.log.write.queue.length")).toBe(0);
    expect(recorded.figure("n1", "raftkit.apply.queue.length")).toBe(3);
    leader.machine.applying = () => {};
    goOn();
    await clock.outcome(Promise.all(proposed));
    expect(recorded.figure("n1", "raftkit.apply.queue.length")).toBe(0);
  });

  test("a message that the transport doesn't take isn't sent", async () => {
    const { clock, recorded, leader } = await measured();
    const before = leader.node.status().counters;
    leader.transport.refuses = () => true;
    await clock.run(60);
    const { messagesSent, messagesUnsent } = leader.node.status().counters;
    expect(messagesSent).toBe(before.messagesSent);
    expect(messagesUnsent).toBeGreaterThanOrEqual(2);
    expect(recorded.figure("n1", "raftkit.messages.unsent")).toBe(messagesUnsent);
  });

  test("votes that were refused are counted by reason, and the operator can read why", async () => {
    const logger = createLines();
    const { clock, recorded, leader } = await measured(3, { logger });
    const counted = (id: string): readonly unknown[] =>
      ["staleTerm", "leaderLive", "alreadyVoted", "electing", "logBehind"].map((reason) =>
        recorded.figure(id, "raftkit.votes.refused", reason),
      );
    expect(counted(leader.id)).toEqual([0, 0, 0, 0, 0]);
    const from = { id: "n3", incarnation: "n3-data-directory-1", run: 1 };
    const ask: Message = {
      type: "preVote",
      to: leader.node.status().incarnation,
      term: 3,
      lastLogIndex: 2,
      lastLogTerm: 2,
      configurationIndex: 1,
    };
    const frame = encodeFrame(jsonCodec, ask).flatMap((part) => [...part]);
    leader.transport.inject(from, Uint8Array.from(frame));
    leader.transport.inject(from, Uint8Array.from(frame));
    await clock.flush();
    expect(counted(leader.id)).toEqual([0, 2, 0, 0, 0]);
    expect(logger.matching(/gets no/)).toEqual([
      {
        level: "debug",
        fields: { from, term: 3, reason: "leaderLive" },
        message: "n3 gets no pre-vote for term 3: the leader is live",
      },
    ]);
  });

  test("can be read after a failure, and go with the end of the close", async () => {
    const { clock, recorded, leader } = await measured(1);
    leader.log.writeError = new Error("EIO");
    await clock.outcome(leader.node.propose("a").catch(() => {}));
    expect(recorded.figure("n1", "raftkit.up")).toBe(0);
    expect(recorded.closed).toEqual([]);
    await clock.outcome(leader.node.close());
    await clock.outcome(leader.node.close());
    expect(recorded.closed).toEqual(["n1"]);
  });

  test("go where the node can't be created", async () => {
    const clock = createVirtualClock();
    const recorded = createRecorded();
    const { options, transport } = partsOf(clock, createTestNetwork(clock), "n1", ["n1"]);
    transport.startError = new Error("EADDRINUSE");
    await expect(createNode({ ...options, instruments: recorded.create })).rejects.toThrow(
      "EADDRINUSE",
    );
    expect(recorded.closed).toEqual(["n1"]);
  });
});

test("the spans of calls and of an election end when the node closes", async () => {
  const { clock, network, recorded, leader, followers } = await measured();
  network.isolate("n1", "n2", "n3");
  const [candidate] = followers;
  await clock.until(() => candidate.node.status().role === "candidate");
  void leader.node.propose("a").catch(() => {});
  await clock.flush();
  await clock.outcome(Promise.all([leader, candidate].map(({ node }) => node.close())));
  expect(recorded.spans).toContain("n1 propose unknown");
  expect(recorded.spans).toContain(`${candidate.id} election closing`);
});
