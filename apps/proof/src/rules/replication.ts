// Replication, R13 to R17.
import type { Index, LogOperation } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import type { Scenario, Seen } from "./scenario.js";
import {
  appendEntries,
  check,
  createLab,
  createLedLab,
  dropping,
  indexesOf,
  kindOf,
} from "./scenario.js";

/** How often each entry was sent to each node. */
function countSent(sent: readonly Seen[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { to, message } of sent) {
    for (const index of indexesOf(message)) {
      counts.set(`${index} to ${to}`, (counts.get(`${index} to ${to}`) ?? 0) + 1);
    }
  }
  return counts;
}

const r13: Scenario = {
  rule: "R13",
  name: "each entry is sent once while nothing is lost, however late the answers; a follower that is behind always makes progress",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed, {
      network: { delayMs: { min: 40, max: 40 } },
    });
    const [behind = ""] = lab.others(leader);
    const from = lab.now();
    for (let i = 0; i < 100; i++) {
      void lab.propose(leader, `${i}`);
      await lab.runFor(7);
    }
    await lab.converge();
    const counts = countSent(lab.messages("appendEntries", "sent", from));
    for (const [what, count] of counts) {
      check(count === 1, `entry ${what} was sent ${count} times though nothing was lost`);
    }
    check(counts.size === 200, `${counts.size} entries travelled, not 200`);
    // Nothing it was sent arrives for a while; what it lacks comes with what follows.
    lab.cut([behind], lab.others(behind));
    for (let i = 0; i < 20; i++) {
      void lab.propose(leader, `cut ${i}`);
      await lab.runFor(6);
    }
    lab.heal();
    await lab.converge(1_000);
    // A third of everything is lost.
    lab.network.setAll({ loss: 0.33 });
    for (let i = 0; i < 40; i++) {
      void lab.propose(lab.leader() ?? leader, `lossy ${i}`, { timeoutMs: 20_000 });
      await lab.runFor(20);
    }
    await lab.converge(20_000);
  },
  mutation: {
    file: "packages/core/src/operations/replication.ts",
    find: `for (const progress of leader.progress.values()) progress.due = true;`,
    replace: `for (const progress of leader.progress.values()) { progress.due = true; progress.nextIndex = progress.matchIndex + 1; }`,
    why: "every heartbeat sends again what isn't acknowledged yet",
  },
};

const r14: Scenario = {
  rule: "R14",
  name: "AppendEntries that come twice, late or out of order change nothing that is right",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed, {
      network: { delayMs: { min: 0.5, max: 15 }, duplicate: 0.3 },
    });
    const [follower = ""] = lab.others(leader);
    const expected: string[] = [];
    for (let i = 0; i < 60; i++) {
      expected.push(`${i}`);
      void lab.propose(leader, `${i}`);
      if (i % 3 === 0) await lab.runFor(4);
    }
    await lab.converge();
    check(
      lab
        .applied(follower)
        .map(({ text }) => text)
        .join() === expected.join(),
      "commands were lost, doubled or reordered",
    );
    const late = dropping(lab, (message) => message.type === "appendEntriesReply");
    for (let i = 0; i < 3; i++) void lab.propose(leader, `open ${i}`);
    await lab.runFor(40);
    const { term } = lab.status(leader);
    const old = lab
      .messages("appendEntries", "sent")
      .filter((one) => one.to === follower && one.message.term === term);
    const before = lab.status(follower);
    check(before.lastIndex > before.commitIndex, "nothing is uncommitted");
    lab.disk(follower).onWrite((operations: readonly LogOperation[]) =>
      check(
        operations.every(({ type }) => type === "hardState"),
        "an old message changed the log on disk",
      ),
    );
    const writes = lab.disk(follower).writes;
    const from = lab.sender(leader);
    for (let i = 0; i < 2 * old.length; i++) {
      lab.inject(from, follower, lab.random.pick(old).message);
      if (i % 4 === 0) await lab.runFor(0.2);
    }
    for (const { message } of old.toReversed()) lab.inject(from, follower, message);
    await lab.runFor(5);
    const after = lab.status(follower);
    check(
      after.lastIndex >= before.lastIndex &&
        after.commitIndex >= before.commitIndex &&
        after.term === before.term,
      `an old message changed ${JSON.stringify(before)} to ${JSON.stringify(after)}`,
    );
    check(lab.disk(follower).writes === writes, "an old message made the follower write");
    late();
    await lab.converge();
  },
  mutation: {
    file: "packages/core/src/handlers/append-entries.ts",
    find: `if (skipped === run.count) return;`,
    replace: `if (skipped === run.count && run.firstIndex + run.count > state.log.lastIndex) return;`,
    why: "an old AppendEntries cuts off what came after it",
  },
};

const TERMS = 100;
const ENTRIES_PER_TERM = 100;

/** 10,000 entries in 100 terms, behind what is there. */
function history(afterIndex: Index, firstTerm: number, stride: number): readonly LogOperation[] {
  const operations: LogOperation[] = [
    { type: "hardState", hardState: { currentTerm: firstTerm + stride * TERMS, votedFor: null } },
  ];
  const datas = Array.from({ length: ENTRIES_PER_TERM }, () => new Uint8Array(0));
  for (let i = 0; i < TERMS; i++) {
    operations.push({
      type: "append",
      run: encodeRun(
        afterIndex + 1 + i * ENTRIES_PER_TERM,
        firstTerm + i * stride,
        EntryKind.noop,
        datas,
      ),
    });
  }
  return operations;
}

const r15: Scenario = {
  rule: "R15",
  name: "a log of 10,000 other entries in 100 terms, an empty one and a longer one are brought in line with at most about 100 rejections",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed, { nodes: 5 });
    await lab.settle(lab.propose(leader, "a"));
    await lab.converge();
    const { lastIndex, term } = lab.status(leader);
    lab.crash(...lab.ids);
    for (const id of ["n1", "n2", "n3"]) await lab.disk(id).plant(history(lastIndex, term + 2, 2));
    await lab.disk("n4").plant(history(lastIndex, term + 1, 2));
    if (seed % 2 === 0) {
      await lab.disk("n5").plant(history(lastIndex, term + 2, 2).slice(0, TERMS / 2));
      await lab.disk("n5").plant([
        {
          type: "append",
          run: encodeRun(
            lab.disk("n5").lastIndex + 1,
            term + 2 * (TERMS / 2),
            EntryKind.noop,
            Array.from({ length: 20_000 }, () => new Uint8Array(0)),
          ),
        },
      ]);
    }
    await lab.restart(...lab.ids);
    await lab.converge(5_000);
    const refused = lab
      .messages("appendEntriesReply", "sent")
      .filter((one) => !one.message.success);
    for (const id of ["n4", "n5"]) {
      const count = refused.filter((one) => one.from === id).length;
      check(count >= 1 && count <= 115, `${id} refused AppendEntries ${count} times`);
    }
  },
  mutation: {
    file: "packages/core/src/handlers/append-entries-reply.ts",
    find: `const nextIndex = Math.max(agreed, message.verifiedIndex) + 1;`,
    replace: `const nextIndex = Math.max(prevLogIndex - 1 + 0 * agreed, message.verifiedIndex) + 1;`,
    why: "logs are brought together entry by entry",
  },
};

const r16: Scenario = {
  rule: "R16",
  name: "matchIndex starts at 0, stays behind nextIndex and what is on the follower's disk, and never goes back in a leadership",
  async run(seed) {
    const lab = await createLab(seed, {
      network: { delayMs: { min: 0.5, max: 30 }, duplicate: 0.2, loss: 0.1 },
    });
    const matched = new Map<string, Index>();
    lab.onStep(() => {
      for (const id of lab.running()) {
        const { role, term, peers } = lab.status(id);
        if (role !== "leader") continue;
        for (const { id: peer, matchIndex, nextIndex } of peers) {
          const key = `${term} ${peer}`;
          check(
            matched.has(key) || matchIndex === 0,
            `matchIndex of ${peer} starts at ${matchIndex}`,
          );
          check(
            matchIndex >= (matched.get(key) ?? 0),
            `matchIndex of ${peer} went back from ${matched.get(key)} to ${matchIndex}`,
          );
          check(
            matchIndex < nextIndex,
            `matchIndex ${matchIndex} of ${peer} isn't behind nextIndex ${nextIndex}`,
          );
          check(
            matchIndex <= lab.disk(peer).lastIndex,
            `matchIndex ${matchIndex} of ${peer}, whose disk ends at ${lab.disk(peer).lastIndex}`,
          );
          matched.set(key, matchIndex);
        }
      }
    });
    const isEnough = (): boolean => matched.size >= 4 && Math.max(...matched.values()) > 20;
    for (let i = 0; i < 80 || (i < 400 && !isEnough()); i++) {
      const leader = lab.leader();
      if (leader !== undefined) void lab.propose(leader, `${i}`);
      await lab.runFor(lab.random.between(5, 30));
      if (i % 30 === 29 && leader !== undefined) {
        lab.cut([leader], lab.others(leader));
        await lab.runFor(600);
        lab.heal();
        lab.network.setAll({ delayMs: { min: 0.5, max: 30 }, duplicate: 0.2, loss: 0.1 });
      }
    }
    check(isEnough(), "hardly anything was acknowledged");
  },
  mutation: {
    file: "packages/core/src/state/progress.ts",
    find: `progress.matchIndex = Math.max(progress.matchIndex, matchIndex);`,
    replace: `progress.matchIndex = matchIndex;`,
    why: "a late acknowledgement takes matchIndex back",
  },
};

const r17: Scenario = {
  rule: "R17",
  name: "a leader never cuts its own log, and a follower asserts that its leader doesn't replace what it sent",
  async run(seed) {
    const { lab } = await createLedLab(seed);
    for (const id of lab.ids) {
      lab.disk(id).onWrite((operations) => {
        const isLeader = lab.running().includes(id) && lab.status(id).role === "leader";
        check(
          !isLeader || operations.every(({ type }) => type === "append" || type === "hardState"),
          `${id} leads and cuts its log`,
        );
      });
    }
    for (let i = 0; i < 3; i++) {
      const leader = lab.leader() ?? "";
      lab.cut([leader], lab.others(leader));
      for (let j = 0; j < 5; j++) void lab.propose(leader, `${i} ${j}`);
      await lab.runUntil(
        "another leader",
        () => lab.leader() !== leader && lab.leader() !== undefined,
      );
      lab.heal();
      await lab.waitForLeader();
      await lab.converge();
    }
    await replacement(seed);
  },
  mutation: {
    file: "packages/core/src/handlers/append-entries.ts",
    find: `if (index <= follower.verifiedIndex) {`,
    replace: `if (index < 0) {`,
    why: "a leader that replaces its own entries is tolerated",
  },
};

/**
 * The follower has the first entry of a leadership, uncommitted; then its leader claims another
 * entry in that place.
 */
async function replacement(seed: number): Promise<void> {
  const lab = await createLab(seed);
  const stop = dropping(
    lab,
    (message) => message.type === "appendEntriesReply" && message.matchIndex > 1,
  );
  await lab.runUntil(
    "a leader whose first entry is everywhere",
    () => lab.leader() !== undefined && lab.ids.every((id) => lab.disk(id).lastIndex === 2),
  );
  const leader = lab.leader() ?? "";
  const [follower = ""] = lab.others(leader);
  const failure = lab.allowFailure(follower);
  const { term } = lab.status(leader);
  check(lab.status(follower).commitIndex < 2, "the first entry is committed already");
  lab.inject(
    lab.sender(leader),
    follower,
    appendEntries(
      lab.sender(follower),
      term,
      { index: 1, term: 1 },
      { entries: [encodeRun(2, term - 1, EntryKind.noop, [new Uint8Array(0)])], round: 1 },
    ),
  );
  await lab.runFor(20);
  stop();
  check(
    failure() !== undefined && kindOf(failure()) === "INVARIANT_VIOLATION",
    `a leader replaced its own entry, and ${follower} tolerated it`,
  );
}

export const replication: readonly Scenario[] = [r13, r14, r15, r16, r17];
