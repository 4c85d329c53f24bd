// Terms, transitions, timers and fatal contradictions: R08 to R11.
import type { NodeId, Sender } from "@raftkit/core";
import type { NodeStatus } from "raftkit";
import type { Lab, Scenario } from "./scenario.js";
import {
  appendEntries,
  check,
  checkWithin,
  createLedLab,
  dropping,
  kindOf,
  requestVote,
  track,
} from "./scenario.js";

/** What a node says to an injected message. */
async function answers(lab: Lab, from: NodeId, to: NodeId): Promise<Lab["seen"]> {
  const before = lab.seen.length;
  await lab.runFor(10);
  return lab.seen
    .slice(before)
    .filter((one) => one.what === "sent" && one.from === from && one.to === to);
}

const r08: Scenario = {
  rule: "R08",
  name: "a higher term makes a follower without a vote; pre-votes change nothing; leader stickiness protects a live leader; lower terms are answered with the current one",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const [follower = "", third = ""] = lab.others(leader);
    const { term, lastIndex } = lab.status(leader);
    const asker = lab.sender(third);
    const last = { index: lastIndex + 9, term: term + 9 };
    for (const id of [follower, leader]) {
      const to = lab.sender(id);
      // Within the minimum election timeout of a beat: refused and ignored.
      lab.inject(asker, id, {
        type: "preVote",
        to: to.incarnation,
        term: term + 10,
        lastLogIndex: last.index,
        lastLogTerm: last.term,
        configurationIndex: 1,
      });
      const refusal = (await answers(lab, id, third)).find(
        (one) => one.message.type === "preVoteReply",
      )?.message;
      check(
        refusal?.type === "preVoteReply" && !refusal.voteGranted && refusal.term === term,
        `${id} doesn't refuse a pre-vote while it has a leader`,
      );
      lab.inject(asker, id, requestVote(to, term + 10, last));
      check(
        !(await answers(lab, id, third)).some((one) => one.message.type === "requestVoteReply"),
        `${id} answers a RequestVote while it has a leader`,
      );
      lab.inject(asker, id, {
        type: "preVoteReply",
        to: to.incarnation,
        term: term + 10,
        voteGranted: true,
      });
      await lab.runFor(10);
      check(
        lab.status(id).term === term && lab.leader() === leader,
        `${id} or its leader was disturbed: term ${lab.status(id).term}`,
      );
      // Requests of an earlier term.
      lab.inject(asker, id, requestVote(to, term - 1, last));
      lab.inject(asker, id, appendEntries(to, term - 1, { index: 0, term: 0 }));
      const told = (await answers(lab, id, third)).map((one) => one.message);
      check(
        told.some(
          (one) => one.type === "requestVoteReply" && !one.voteGranted && one.term === term,
        ),
        `${id} doesn't refuse a RequestVote of an earlier term`,
      );
      check(
        told.some((one) => one.type === "appendEntriesReply" && !one.success && one.term === term),
        `${id} doesn't refuse AppendEntries of an earlier term`,
      );
      check(lab.status(id).term === term, `${id} changed its term`);
    }
    await higherTerms(lab, leader);
  },
  mutation: {
    file: "packages/core/src/handlers/receive.ts",
    find: `message.type === "requestVote" && ignoresElection(state, message)`,
    replace: `message.type === "requestVote" && false`,
    why: "a RequestVote from outside ends the leadership of a live leader",
  },
};

async function higherTerms(lab: Lab, leader: NodeId): Promise<void> {
  const [follower = "", third = ""] = lab.others(leader);
  const from = lab.sender(third);
  let { term } = lab.status(leader);
  for (const id of [leader, follower]) {
    const to = lab.sender(id).incarnation;
    const messages = [
      { type: "requestVoteReply", to, term: 0, voteGranted: false },
      {
        type: "appendEntriesReply",
        to,
        term: 0,
        round: 0,
        success: false,
        matchIndex: 0,
        verifiedIndex: 0,
        prevLogIndex: 0,
        conflictIndex: 0,
        conflictTerm: 0,
        neededSnapshot: 0,
        promised: false,
      },
      { type: "readIndex", to, term: 0, id: 1, byLease: false },
      { type: "preVoteReply", to, term: 0, voteGranted: false },
    ] as const;
    for (const message of messages) {
      term += 10;
      lab.inject(from, id, { ...message, term });
      await lab.runUntil(`${id} takes over term ${term}`, () => lab.status(id).term === term, 3);
      check(
        lab.status(id).role === "follower",
        `${id} is ${lab.status(id).role} after a ${message.type} of a higher term`,
      );
      await lab.runUntil("it is durable", () => lab.disk(id).hardState.currentTerm === term, 20);
      check(lab.disk(id).hardState.votedFor === null, `${id} kept its vote in term ${term}`);
    }
    await lab.waitForLeader();
    term = Math.max(...lab.running().map((one) => lab.status(one).term));
  }
}

const r09: Scenario = {
  rule: "R09",
  name: "transitions reset vote, votes, progress and timers",
  async run(seed) {
    const { lab } = await createLedLab(seed);
    const beginnings: NodeStatus[] = [];
    for (const id of lab.ids) {
      lab.node(id).on("role", ({ role }) => {
        if (role === "leader") beginnings.push(lab.node(id).status());
      });
    }
    for (let i = 0; i < 5; i++) {
      const leader = lab.leader() ?? "";
      await lab.settle(lab.propose(leader, `${i}`));
      const quiet = lab.now();
      await lab.runFor(1_000);
      check(
        lab.messages("preVote", "sent", quiet).length === 0,
        "an election timer runs although the leader beats",
      );
      await stepDown(lab, leader);
      await lab.waitForLeader();
      await lab.converge();
    }
    check(beginnings.length >= 5, "no new leaderships");
    for (const { id, term, peers, lastIndex } of beginnings) {
      check(
        peers.length === 2 &&
          peers.every(
            ({ matchIndex, nextIndex }) =>
              matchIndex === 0 && nextIndex >= lastIndex && nextIndex <= lastIndex + 1,
          ),
        `${id} begins term ${term} with progress ${JSON.stringify(peers)}`,
      );
    }
  },
  mutation: {
    file: "packages/core/src/operations/transitions.ts",
    find: `releaseReader(state, progress);\n    resetElectionTimer(state);\n`,
    replace: `releaseReader(state, progress);\n`,
    why: "a leader that steps down has no election timer",
  },
};

/** Alone, a leader steps down: its beats stop, its election timer starts. */
async function stepDown(lab: Lab, leader: NodeId): Promise<void> {
  lab.cut([leader], lab.others(leader));
  await lab.runUntil(`${leader} steps down`, () => lab.status(leader).role !== "leader", 1_000);
  const from = lab.now();
  await lab.runFor(311);
  const asked = lab.messages("preVote", "sent", from).find((one) => one.from === leader);
  check(asked !== undefined, `${leader} stepped down and has no election timer`);
  checkWithin(asked.at - from, [150, 310], `the first wait of ${leader} after its leadership`);
  check(
    !lab.messages("appendEntries", "sent", from + 0.001).some((one) => one.from === leader),
    `${leader} stepped down and still beats`,
  );
  lab.heal();
}

const r10: Scenario = {
  rule: "R10",
  name: "granted votes and every AppendEntries of the leader reset the election timer; refused votes and stale messages don't",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const [follower = "", third = ""] = lab.others(leader);
    const to = lab.sender(follower);
    const leading = lab.sender(leader);
    const asker = lab.sender(third);
    const { term } = lab.status(leader);
    lab.crash(leader, third);
    const preVotes = (since: number): number => lab.messages("preVote", "sent", since).length;
    // Each of these is refused for a log mismatch.
    const from = lab.now();
    for (let i = 0; i < 30; i++) {
      lab.inject(leading, follower, appendEntries(to, term, { index: 1_000, term }));
      await lab.runFor(100);
    }
    check(
      preVotes(from) === 0,
      "AppendEntries that is refused for a log mismatch doesn't reset the election timer",
    );
    await nudge(lab, follower, "AppendEntries of an earlier term", () =>
      lab.inject(leading, follower, appendEntries(to, term - 1, { index: 0, term: 0 })),
    );
    await nudge(lab, follower, "a refused vote", () =>
      lab.inject(
        asker,
        follower,
        requestVote(to, lab.status(follower).term, { index: 1, term: 1 }),
      ),
    );
    await nudge(lab, follower, "a late reply", () =>
      lab.inject(asker, follower, {
        type: "appendEntriesReply",
        to: to.incarnation,
        term,
        round: 1,
        success: true,
        matchIndex: 1,
        verifiedIndex: 1,
        prevLogIndex: 0,
        conflictIndex: 0,
        conflictTerm: 0,
        neededSnapshot: 0,
        promised: false,
      }),
    );
    for (let i = 0; i < 5; i++) await grant(lab, follower, asker);
  },
  mutation: {
    file: "packages/core/src/handlers/append-entries.ts",
    find: `  resetElectionTimer(state);\n`,
    replace: `  if (state.log.matches(message.prevLogIndex, message.prevLogTerm)) resetElectionTimer(state);\n`,
    why: "only AppendEntries that match reset the election timer",
  },
};

/** Whatever it hears all the time, a follower without a leader keeps asking. */
async function nudge(lab: Lab, follower: NodeId, what: string, inject: () => void): Promise<void> {
  const from = lab.now();
  for (let i = 0; i < 32; i++) {
    inject();
    await lab.runFor(10);
  }
  check(
    lab.messages("preVote", "sent", from).some((one) => one.from === follower),
    `${what} resets the election timer`,
  );
}

async function grant(lab: Lab, follower: NodeId, asker: Sender): Promise<void> {
  const from = lab.now();
  await lab.runUntil("a pre-vote", () => lab.messages("preVote", "sent", from).length > 0, 400);
  await lab.runFor(140);
  const { term, lastIndex } = lab.status(follower);
  const grantedAt = lab.now();
  lab.inject(
    asker,
    follower,
    requestVote(lab.sender(follower), term + 1, { index: lastIndex, term }),
  );
  await lab.runUntil(
    "the next pre-vote",
    () => lab.messages("preVote", "sent", grantedAt + 0.001).length > 0,
    400,
  );
  check(
    lab.messages("requestVoteReply", "sent", grantedAt).some((one) => one.message.voteGranted),
    "no vote was granted",
  );
  checkWithin(lab.now() - grantedAt, [150, 310], "the wait after a granted vote");
}

const r11: Scenario = {
  rule: "R11",
  name: "a second leader of the same term is fatal when a member claims it, and dropped and counted from anyone else",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const [follower = "", third = ""] = lab.others(leader);
    const { term, lastIndex } = lab.status(leader);
    const outsiders: readonly Sender[] = [
      { id: "stranger", incarnation: "0123456789abcdefgh", run: 1 },
      { id: third, incarnation: "another-directory-of-n", run: 1 },
    ];
    for (const id of [leader, follower]) {
      for (const from of outsiders) {
        const dropped = lab.status(id).counters.messagesDropped;
        lab.inject(from, id, appendEntries(lab.sender(id), term, { index: lastIndex, term }));
        await lab.runFor(5);
        const { state, counters, role } = lab.status(id);
        check(
          state === "running" && (id === leader) === (role === "leader"),
          `${id} is ${state} and ${role} because of an outsider`,
        );
        check(counters.messagesDropped === dropped + 1, `${id} doesn't count what it drops`);
      }
    }
    const failures = [leader, follower].map((id) => lab.allowFailure(id));
    const stop = dropping(lab, (message) => message.type === "appendEntriesReply");
    const pending = track(lab.propose(leader, "pending"));
    await lab.runFor(5);
    const member = lab.sender(third);
    for (const id of [leader, follower]) {
      lab.inject(member, id, appendEntries(lab.sender(id), term, { index: lastIndex, term }));
    }
    await lab.runFor(20);
    stop();
    for (const failure of failures) {
      check(
        failure() !== undefined && kindOf(failure()) === "INVARIANT_VIOLATION",
        `two leaders in one term were tolerated: ${failure()?.message ?? "no error"}`,
      );
    }
    check(
      pending.outcome?.end === "error" && kindOf(pending.outcome.error) === "OUTCOME_UNKNOWN",
      "a pending proposal did not end as unknown",
    );
  },
  mutation: {
    file: "packages/core/src/operations/follow.ts",
    find: `    if (memberOf(state, from)) {\n`,
    replace: `    if (memberOf(state, from)) return undefined;\n    if (known.id === "") {\n`,
    why: "a second leader of the same term is tolerated",
  },
};

export const terms: readonly Scenario[] = [r08, r09, r10, r11];
