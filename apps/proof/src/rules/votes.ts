// Votes and how an election ends, R05 to R07.
import type { NodeId, Term } from "@raftkit/core";
import type { Lab, Scenario } from "./scenario.js";
import { check, createLedLab, dropping, requestVote } from "./scenario.js";

const r05: Scenario = {
  rule: "R05",
  name: "one vote per peer and term: duplicate, late and refused ones don't count",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed, { nodes: 5 });
    const senders = new Map(lab.ids.map((id) => [id, lab.sender(id)]));
    const [candidate = "", voter = "", silent = "", other = ""] = lab.others(leader);
    // One candidate, whose requests reach one voter only: two votes of five.
    const stops = [
      dropping(lab, (message, { from }) => message.type === "preVote" && from.id !== candidate),
      dropping(lab, (message, { to }) => message.type === "requestVote" && to !== voter),
    ];
    lab.crash(leader);
    await lab.runUntil("one granted vote", () =>
      lab
        .messages("requestVoteReply", "delivered")
        .some(
          (one) =>
            one.to === candidate &&
            one.message.voteGranted &&
            one.message.term === lab.status(candidate).term,
        ),
    );
    const { term, role } = lab.status(candidate);
    check(role === "candidate", `${candidate} is ${role} with two of five votes`);
    const to = lab.sender(candidate).incarnation;
    const reply = (id: NodeId, of: number, voteGranted: boolean): void => {
      const from = senders.get(id);
      if (from !== undefined) {
        lab.inject(from, candidate, { type: "requestVoteReply", to, term: of, voteGranted });
      }
    };
    for (let i = 0; i < 6; i++) reply(voter, term, true);
    for (const id of [silent, other, leader]) {
      reply(id, term - 1, true);
      reply(id, term, false);
    }
    await lab.runFor(20);
    const after = lab.status(candidate);
    check(
      after.role === "candidate" && after.term === term,
      `${candidate} became ${after.role} in term ${after.term} with two of five votes`,
    );
    for (const stop of stops) stop();
    await lab.waitForLeader();
  },
  mutation: {
    file: "packages/core/src/operations/election.ts",
    find: `  if (!isListed(candidate.votes, from)) candidate.votes.push(from);`,
    replace: `  const other = otherVoters(state).find((voter) => !isListed(candidate.votes, voter));\n  candidate.votes.push(isListed(candidate.votes, from) && other ? other : from);`,
    why: "every copy of a vote counts",
  },
};

const r06: Scenario = {
  rule: "R06",
  name: "one vote per term, first come first served, also across a crash, and only for logs that are up to date",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    await lab.settle(lab.propose(leader, "a"));
    await lab.converge();
    const voter = "n3";
    const first = lab.sender("n1");
    const second = lab.sender("n2");
    lab.crash("n1", "n2");
    // Nobody but the voter runs: it is out of touch with its leader soon, and answers whoever asks.
    await lab.runFor(400);
    const { lastIndex } = lab.status(voter);
    const lastTerm = lab.status(voter).term;
    async function ask(
      from: typeof first,
      term: number,
      index: number,
      logTerm: number,
    ): Promise<boolean> {
      await lab.runFor(1);
      const since = lab.now();
      lab.inject(from, voter, requestVote(lab.sender(voter), term, { index, term: logTerm }));
      const replies = (): readonly {
        readonly message: { readonly voteGranted: boolean; readonly term: number };
      }[] => lab.messages("requestVoteReply", "sent", since).filter((one) => one.to === from.id);
      await lab.runUntil("an answer", () => replies().length > 0, 100);
      check(replies()[0]?.message.term === term, "the answer names another term");
      return replies()[0]?.message.voteGranted === true;
    }
    let term = lastTerm + 10;
    check(await ask(first, term, lastIndex, lastTerm), "the first to ask got no vote");
    check(!(await ask(second, term, lastIndex, lastTerm)), "two votes in one term");
    check(
      !(await ask(second, term, lastIndex + 5, term)),
      "two votes in one term, for a better log",
    );
    check(await ask(first, term, lastIndex, lastTerm), "a vote is not said again");
    lab.crash(voter);
    await lab.restart(voter);
    // Until then it answers nobody: it may have promised a lease before (decision 0047).
    await lab.runFor(200);
    check(!(await ask(second, term, lastIndex, lastTerm)), "a vote was forgotten in a crash");
    const cases: readonly [number, number, boolean, string][] = [
      [lastIndex, lastTerm, true, "an equal log"],
      [lastIndex + 1, lastTerm, true, "a longer log"],
      [lastIndex - 1, lastTerm, false, "a shorter log"],
      [1, lastTerm + 1, true, "a later last term, though shorter"],
      [lastIndex + 100, lastTerm - 1, false, "an earlier last term, though longer"],
    ];
    for (const [index, logTerm, expected, what] of cases) {
      check(
        (await ask(second, ++term, index, logTerm)) === expected,
        `${what} ${expected ? "got no" : "got a"} vote`,
      );
    }
  },
  mutation: {
    file: "packages/core/src/handlers/request-vote.ts",
    find: `const isFree = state.votedFor === null || isSameMember(state.votedFor, from);`,
    replace: `const isFree = true;`,
    why: "a server votes twice in one term",
  },
};

const r07: Scenario = {
  rule: "R07",
  name: "an election is won (heartbeat at once), lost to another leader of its term, or won by nobody and repeated",
  async run(seed) {
    const { lab } = await createLedLab(seed, { nodes: 5 });
    const leaderships = new Map<number, { readonly id: NodeId; readonly at: number }>();
    lab.onStep(() => {
      for (const id of lab.running()) {
        const { role, term } = lab.status(id);
        if (role === "leader" && !leaderships.has(term)) {
          leaderships.set(term, { id, at: lab.now() });
        }
      }
    });
    await lab.waitForLeader();
    await lab.converge();
    await anotherLeads(lab);
    await nobodyWins(lab);
    for (const [term, { id, at }] of leaderships) {
      const told = lab
        .messages("appendEntries", "sent")
        .filter((one) => one.from === id && one.message.term === term && one.at === at);
      check(
        new Set(told.map((one) => one.to)).size === 4,
        `${id} leads in term ${term} but said so to ${told.length} of 4 at once`,
      );
    }
  },
  mutation: {
    file: "packages/core/src/operations/follow.ts",
    find: `  becomeFollower(state, from);\n`,
    replace: `  if (role.kind === "follower") becomeFollower(state, from);\n`,
    why: "a candidate doesn't give way to the leader of its term",
  },
};

/** Two candidates in one term: the first one's requests are lost, another one wins. */
async function anotherLeads(lab: Lab): Promise<void> {
  let beaten: { readonly id: NodeId; readonly term: Term; readonly at: number } | undefined;
  let loser: NodeId | undefined;
  lab.onMessage((what, message, { to }) => {
    if (
      what !== "delivered" ||
      message.type !== "appendEntries" ||
      to !== loser ||
      beaten !== undefined
    ) {
      return;
    }
    const { role, term } = lab.status(to);
    if (role === "candidate" && term === message.term) beaten = { id: to, term, at: lab.now() };
  });
  for (let attempt = 0; attempt < 20 && beaten === undefined; attempt++) {
    const leader = await lab.waitForLeader();
    const stop = dropping(
      lab,
      (message, { from }) => message.type === "requestVote" && from.id === (loser ??= from.id),
    );
    lab.crash(leader);
    await lab.runUntil("another leader", () => lab.leader() !== undefined);
    await lab.runFor(20);
    stop();
    loser = undefined;
    await lab.restart(leader);
    await lab.converge();
  }
  check(beaten !== undefined, "no two candidates in one term in 20 attempts");
  const { id, term, at } = beaten;
  check(
    lab
      .messages("appendEntriesReply", "sent")
      .some((one) => one.from === id && one.message.term === term && one.at === at),
    `${id} didn't give way at once to the leader of term ${term}`,
  );
}

/**
 * No request of the first round reaches more than one voter: nobody can win, and a later round
 * elects one.
 */
async function nobodyWins(lab: Lab): Promise<void> {
  const leader = lab.leader() ?? "";
  const { term } = lab.status(leader);
  const reached = new Map<NodeId, NodeId>();
  const stop = dropping(lab, (message, { from, to }) => {
    if (message.type !== "requestVote" || message.term > term + 2) return false;
    if (!reached.has(from.id)) reached.set(from.id, to);
    return reached.get(from.id) !== to;
  });
  lab.crash(leader);
  const next = await lab.waitForLeader();
  check(
    lab.status(next).term > term + 2,
    `${next} won in term ${lab.status(next).term} with two of five votes`,
  );
  stop();
}

export const votes: readonly Scenario[] = [r05, r06, r07];
