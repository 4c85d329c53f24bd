// Commitment, application and making good what was lost, R18 to R20; state changes one step at a
// time, R29; and the budget of messages, R30.
import type { Index, NodeId } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import { createCluster, createJournal } from "@raftkit/simulation";
import type { Lab, Scenario } from "./scenario.js";
import { check, checkWithin, createLedLab, dropping, indexesOf } from "./scenario.js";

const r18: Scenario = {
  rule: "R18",
  name: "an entry of an earlier term that a majority stores isn't committed by counting (Figure 8); a new leader's no-op commits it without a client",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed, { nodes: 5 });
    const { lastIndex, term } = lab.status(leader);
    lab.crash(...lab.ids);
    const old = lastIndex + 1;
    // Figure 8 (b): two nodes hold an entry of one term, another one holds a later term's in the
    // same place. The entry is so large that it travels alone.
    const hardState = { currentTerm: term + 2, votedFor: null };
    for (const id of ["n1", "n2"]) {
      await lab.disk(id).plant([
        { type: "hardState", hardState },
        {
          type: "append",
          run: encodeRun(old, term + 1, EntryKind.noop, [new Uint8Array(2 ** 20)]),
        },
      ]);
    }
    await lab.disk("n5").plant([
      { type: "hardState", hardState },
      { type: "append", run: encodeRun(old, term + 2, EntryKind.noop, [new Uint8Array(8)]) },
    ]);
    // (c): the old entry reaches a majority, the new leader's own ones don't leave.
    const stop = dropping(
      lab,
      (message) =>
        message.type === "appendEntries" && indexesOf(message).some((index) => index > old),
    );
    await lab.restart("n1", "n2", "n3");
    await lab.runUntil(
      "the old entry on a majority",
      () =>
        ["n1", "n2", "n3"].every((id) => lab.disk(id).lastIndex >= old) &&
        lab.leader() !== undefined,
    );
    for (let i = 0; i < 50; i++) {
      await lab.runFor(10);
      for (const id of lab.running()) {
        check(
          lab.status(id).commitIndex < old,
          `${id} committed an entry of an earlier term by counting`,
        );
      }
    }
    // (d): the one with the later term may win and replace it.
    lab.crash("n1", "n2", "n3");
    await lab.restart("n3", "n4", "n5");
    stop();
    const next = await lab.waitForLeader();
    await lab.runUntil(
      "the leader's no-op commits all before it",
      () => lab.status(next).commitIndex > old,
      500,
    );
    check(next === "n5", `${next} won against a later log`);
    await lab.restart("n1", "n2");
    await lab.converge();
  },
  mutation: {
    file: "packages/core/src/operations/commit.ts",
    find: `if (index <= state.commitIndex || state.log.term(index) !== state.currentTerm) return;`,
    replace: `if (index <= state.commitIndex) return;`,
    why: "entries of earlier terms are committed by counting",
  },
};

const r19: Scenario = {
  rule: "R19",
  name: "followers learn a commit with the next message, at once if they wait; all apply in order, once each, what is durable",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const [follower = "", slow = ""] = lab.others(leader);
    lab.disk(slow).set({ latencyMs: { min: 15, max: 25 } });
    for (let i = 0; i < 15; i++) {
      await lab.runFor(lab.random.between(0, 70));
      // Forward, append, acknowledge, announce: four ways of 2 ms and a write of 1 ms; no wait for
      // a heartbeat.
      const askedAt = lab.now();
      const place = await lab.settle(lab.propose(follower, `forwarded ${i}`));
      checkWithin(lab.now() - askedAt, [0, 12], "a forwarded proposal");
      check(
        lab.applied(follower).length === place,
        `${follower} answered ${place} after applying ${lab.applied(follower).length}`,
      );
    }
    for (let i = 0; i < 15; i++) {
      await lab.runFor(lab.random.between(0, 70));
      await lab.settle(lab.propose(leader, `led ${i}`));
      const { commitIndex } = lab.status(leader);
      await lab.runUntil(
        "the follower learns it with the next message",
        () => lab.status(follower).lastApplied >= commitIndex,
        55,
      );
    }
    await lab.converge();
    const expected = [
      ...Array.from({ length: 15 }, (_, i) => `forwarded ${i}`),
      ...Array.from({ length: 15 }, (_, i) => `led ${i}`),
    ];
    for (const id of lab.ids) {
      check(
        lab
          .applied(id)
          .map(({ text }) => text)
          .join() === expected.join(),
        `${id} applied ${lab.applied(id).length} commands, or in another order`,
      );
    }
  },
  mutation: {
    file: "packages/core/src/handlers/forward.ts",
    find: `  if (progress) progress.awaitsCommit = state.log.lastIndex;\n`,
    replace: ``,
    why: "a follower whose proposal is committed hears of it with the next heartbeat only",
  },
};

const r20: Scenario = {
  rule: "R20",
  name: "lost entries, acknowledgements, votes, and read requests are retransmitted within a few heartbeats or one election",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const [follower = ""] = lab.others(leader);
    for (const type of ["appendEntries", "appendEntriesReply"] as const) {
      const lost = new Set<string>();
      const { lastIndex } = lab.status(leader);
      const stop = dropping(lab, (message, { from, to }) => {
        const concerned =
          message.type === "appendEntries"
            ? indexesOf(message).length > 0
            : message.type === "appendEntriesReply" && message.matchIndex > lastIndex;
        const isFirst = message.type === type && concerned && !lost.has(`${from.id} ${to}`);
        if (isFirst) lost.add(`${from.id} ${to}`);
        return isFirst;
      });
      await lab.runUntil(
        "made good",
        (() => {
          const proposed = lab.propose(leader, `lost ${type}`);
          let done = false;
          void proposed.then(() => {
            done = true;
          });
          return () => done;
        })(),
        170,
      );
      stop();
      check(lost.size === 2, `${lost.size} messages were lost, not 2`);
    }
    for (const type of ["readIndex", "readIndexReply"] as const) {
      let lost = 0;
      const stop = dropping(lab, (message) => message.type === type && lost++ === 0);
      await lab.settle(lab.read(follower, null), 170);
      check(lost >= 2, `a lost ${type} was not sent again`);
      stop();
    }
    for (const type of ["preVote", "preVoteReply", "requestVote", "requestVoteReply"] as const) {
      const former = await lab.waitForLeader();
      let lost = 0;
      const stop = dropping(lab, (message) => message.type === type && lost++ < 2);
      lab.crash(former);
      await lab.waitForLeader(2_500);
      stop();
      check(lost > 2, `a lost ${type} was not made good`);
      await lab.restart(former);
      await lab.converge();
    }
  },
  mutation: {
    file: "packages/core/src/operations/remote-reads.ts",
    find: `asked.resendAt = state.now + 2 * state.options.heartbeatIntervalMs;`,
    replace: `asked.resendAt = Infinity;`,
    why: "a lost read request is never repeated",
  },
};

const r29: Scenario = {
  rule: "R29",
  name: "whatever arrives at the same instant: one write at a time, one apply at a time, one result for each command",
  async run(seed) {
    // Everything takes exactly as long as everything else, so that events coincide all the time.
    let overlapping = false;
    const cluster = await createCluster<string, number, null, readonly string[]>({
      seed,
      network: { delayMs: { min: 1, max: 1 } },
      disk: { latencyMs: { min: 1, max: 1 } },
      stateMachine(id) {
        const journal = createJournal();
        let applying = false;
        return {
          ...journal,
          async apply(command, context) {
            overlapping ||= applying;
            applying = true;
            await new Promise<void>((resolve) => {
              cluster.process(id).clock.schedule(cluster.now() + 0.25, resolve);
            });
            applying = false;
            return journal.apply(command, context);
          },
        };
      },
    });
    await cluster.waitForLeader();
    await cluster.converge();
    const results: Promise<number>[] = [];
    for (let round = 0; round < 10; round++) {
      for (const id of cluster.ids) {
        for (let i = 0; i < 20; i++) results.push(cluster.propose(id, `${id} ${round} ${i}`));
        void cluster.read(id, null);
        if (round % 3 === 1) cluster.process(id).stallFor(7);
      }
      await cluster.runFor(round % 3);
    }
    const places = await cluster.settle(Promise.all(results));
    check(!overlapping, "the state machine was given a command while it applied another one");
    check(
      places.toSorted((a, b) => a - b).every((place, i) => place === i + 1),
      "two commands got one place",
    );
    for (const id of cluster.ids) {
      check(!cluster.disk(id).overlapped, `${id} wrote to its disk while a write was under way`);
    }
    await cluster.converge();
    const texts = await cluster.settle(cluster.read(cluster.leader() ?? "", null));
    for (const [i, place] of places.entries()) {
      check(
        texts[place - 1] ===
          `${cluster.ids[Math.floor(i / 20) % 3]} ${Math.floor(i / 60)} ${i % 20}`,
        `command ${i} got the result of ${texts[place - 1]}`,
      );
    }
  },
  mutation: {
    file: "packages/raftkit/src/machine-lane.ts",
    find: `lastQueued = firstIndex + count - 1;
      if (!working && !stopped) start();`,
    replace: `lastQueued = firstIndex + count - 1;
      if (!stopped) start();`,
    why: "entries are applied while others are being applied",
  },
};

/** The leader's requests, and how often each entry travelled to each peer. */
function requests(
  lab: Lab,
  leader: NodeId,
  since: number,
): { readonly count: number; readonly copies: ReadonlyMap<string, number> } {
  const sent = lab.seen.filter(
    (one) =>
      one.what === "sent" &&
      one.from === leader &&
      one.at >= since &&
      !one.message.type.endsWith("Reply"),
  );
  const copies = new Map<string, number>();
  for (const { to, message } of sent) {
    for (const index of indexesOf(message)) {
      copies.set(`${index} ${to}`, (copies.get(`${index} ${to}`) ?? 0) + 1);
    }
  }
  return { count: sent.length, copies };
}

const r30: Scenario = {
  rule: "R30",
  name: "idle: heartbeats only; ten commands in sequence: at most 42 requests; ten at once: at most 8; every entry once to each peer",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    await lab.runFor(200);
    const idleFrom = lab.now();
    const seenBefore = lab.seen.length;
    await lab.runFor(5_000);
    check(
      requests(lab, leader, idleFrom).count <= 2 * (5_000 / 50 + 1),
      `an idle leader sent ${requests(lab, leader, idleFrom).count} requests in 5 s`,
    );
    const rest = lab.seen
      .slice(seenBefore)
      .filter((one) => one.what === "sent" && one.message.type !== "appendEntries");
    check(
      rest.every((one) => one.message.type === "appendEntriesReply") &&
        rest.length <= 2 * (5_000 / 50 + 2),
      `an idle cluster sent ${rest.length} other messages in 5 s`,
    );
    const { lastIndex } = lab.status(leader);
    const sequenceFrom = lab.now();
    for (let i = 0; i < 10; i++) await lab.settle(lab.propose(leader, `${i}`));
    const sequence = requests(lab, leader, sequenceFrom);
    check(sequence.count <= 42, `ten commands one after another cost ${sequence.count} requests`);
    checkOnce(sequence.copies, lastIndex, 10);
    await lab.converge();
    const onceFrom = lab.now();
    await lab.settle(
      Promise.all(Array.from({ length: 10 }, (_, i) => lab.propose(leader, `at once ${i}`))),
    );
    const once = requests(lab, leader, onceFrom);
    check(once.count <= 8, `ten commands at once cost ${once.count} requests`);
    checkOnce(once.copies, lastIndex + 10, 10);
  },
  mutation: {
    file: "packages/core/src/operations/replication.ts",
    find: `        state.log.lastIndex,\n        state.options.maxMessageBytes,`,
    replace: `        state.log.lastIndex,\n        1,`,
    why: "every entry travels in a message of its own",
  },
};

function checkOnce(copies: ReadonlyMap<string, number>, after: Index, count: number): void {
  check(copies.size === 2 * count, `${copies.size} entries travelled, not ${2 * count}`);
  for (const [what, times] of copies) {
    check(
      times === 1 && Number(what.split(" ")[0]) > after,
      `entry ${what} travelled ${times} times`,
    );
  }
}

export const commitment: readonly Scenario[] = [r18, r19, r20];
export const budgets: readonly Scenario[] = [r29, r30];
