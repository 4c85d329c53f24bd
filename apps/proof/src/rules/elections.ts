// Timers, pre-votes and elections, R01 to R04.
import type { NodeId } from "@raftkit/core";
import type { Lab, Scenario } from "./scenario.js";
import { check, checkWithin, createLab, createLedLab, dropping } from "./scenario.js";

const ROLES = ["follower", "candidate", "leader"];

/** A leader knows itself as the leader; nobody else takes itself for it. */
function checkRoles(lab: Lab): void {
  for (const id of lab.running()) {
    const { role, leaderId } = lab.status(id);
    check(role !== null && ROLES.includes(role), `${id} is a ${role}`);
    check(
      (role === "leader") === (leaderId === id),
      `${id} is a ${role} and takes ${leaderId} for the leader`,
    );
    check(
      role !== "candidate" || leaderId === null,
      `${id} is a candidate though it knows the leader ${leaderId}`,
    );
  }
}

function checkBeginning(lab: Lab, id: NodeId): void {
  const { role, leaderId } = lab.status(id);
  check(
    role === "follower" && leaderId === null,
    `${id} begins as ${role} with leader ${leaderId}`,
  );
}

const r01: Scenario = {
  rule: "R01",
  name: "a server begins as follower without a leader, the first time and after a crash; one role at a time",
  async run(seed) {
    const lab = await createLab(seed, { start: [] });
    lab.onStep(() => checkRoles(lab));
    for (const id of lab.ids) {
      await lab.restart(id);
      checkBeginning(lab, id);
    }
    const leader = await lab.waitForLeader();
    await lab.converge();
    lab.crash(...lab.ids);
    for (const id of [leader, ...lab.others(leader)]) {
      await lab.restart(id);
      checkBeginning(lab, id);
    }
    await lab.waitForLeader();
  },
  mutation: {
    file: "packages/core/src/restore.ts",
    find: `role: {\n      kind: "follower",\n      leader: null,\n      verifiedIndex: 0,\n      leaderCommit: 0,\n      round: 0,\n      askedLeaseMs: 0,\n      ackNow: false,\n      ackWhenSeq: null,\n    },`,
    replace: `role: { kind: "candidate", phase: "preVote", votes: new Set(), isTransfer: false, awaitedSeq: null },`,
    why: "a server begins as candidate",
  },
};

const r02: Scenario = {
  rule: "R02",
  name: "each timeout is drawn from 150 to 300 ms and noticed within 10 ms; a late timer processes waiting input first, once",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    // Alone, everybody asks in vain again and again: each wait is one draw.
    lab.cut(...lab.ids.map((id) => [id]));
    const from = lab.now() + 400;
    await lab.runFor(10_000);
    const waits = lab.ids.flatMap((id) => {
      const times = [
        ...new Set(
          lab
            .messages("preVote", "sent", from)
            .filter((one) => one.from === id)
            .map((one) => one.at),
        ),
      ];
      return times.slice(1).map((at, i) => at - (times[i] ?? 0));
    });
    for (const wait of waits) checkWithin(wait, [150, 310], "a wait before an election");
    check(waits.length > 90, `only ${waits.length} waits in 30 s`);
    check(
      new Set(waits.map((wait) => wait.toFixed(3))).size > waits.length * 0.9,
      "waits repeat: they are not drawn anew",
    );
    check(
      Math.min(...waits) < 170 && Math.max(...waits) > 280,
      `waits from ${Math.min(...waits)} to ${Math.max(...waits)} don't fill 150 to 300`,
    );
    lab.heal();
    await lab.waitForLeader();
    await lab.converge();
    await stall(lab, lab.leader() ?? leader);
  },
  mutation: {
    file: "packages/raftkit/src/turns.ts",
    find: `      this.#timer = null;\n`,
    replace: `      this.#timer = null;\n      this.feed({ type: "tick" });\n`,
    why: "a late timer starts an election before the waiting heartbeat is heard",
  },
};

async function stall(lab: Lab, leader: NodeId): Promise<void> {
  const [follower = ""] = lab.others(leader);
  const { term } = lab.status(leader);
  for (let i = 0; i < 5; i++) {
    const stalledAt = lab.now();
    lab.process(follower).stallFor(400);
    await lab.runFor(450);
    check(
      !lab.messages("preVote", "sent", stalledAt).some((one) => one.from === follower),
      `${follower} started an election although heartbeats waited to be heard`,
    );
    check(
      lab.status(follower).term === term && lab.status(follower).leaderId === leader,
      `${follower} lost its leader by a busy event loop`,
    );
  }
  // Nothing waits to be heard: it goes on at once.
  lab.cut([follower], lab.others(follower));
  await lab.runFor(5);
  const stalledAt = lab.now();
  lab.process(follower).stallFor(400);
  await lab.runFor(411);
  const asked = lab.messages("preVote", "sent", stalledAt).find((one) => one.from === follower);
  check(
    asked !== undefined,
    `${follower} did not notice its election timeout within 10 ms after the event loop was free again`,
  );
  checkWithin(asked.at, [stalledAt + 400, stalledAt + 410], "the end of the stall");
}

const r03: Scenario = {
  rule: "R03",
  name: "pre-vote without a new term, then one election: durable first, to all at once; abandoned after a timeout, then a random wait",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const { term } = lab.status(leader);
    const followers = lab.others(leader);
    lab.crash(leader);
    // Pre-votes that nobody hears change no term.
    let stop = dropping(lab, (message) => message.type === "preVote");
    await lab.runFor(2_000);
    check(lab.messages("preVote", "sent").length > 4, "no pre-votes");
    for (const one of lab.messages("preVote", "sent")) {
      check(
        one.message.term === 1 || one.message.term === 2 || one.message.term === term + 1,
        `a pre-vote names term ${one.message.term}`,
      );
    }
    for (const id of followers) {
      check(lab.status(id).term === term, `${id} moved to another term by a pre-vote`);
    }
    stop();
    // An election whose answers are lost.
    stop = dropping(lab, (message) => message.type === "requestVoteReply");
    const from = lab.now();
    const durableAt = new Map<NodeId, number>();
    for (const id of followers) {
      lab.disk(id).onWrite(() => {
        if (lab.disk(id).hardState.votedFor?.id === id) durableAt.set(id, lab.now());
      });
    }
    lab.onMessage((what, message, { from: { id } }) => {
      if (message.type !== "requestVote" || what !== "sent") return;
      const { currentTerm, votedFor } = lab.disk(id).hardState;
      check(
        currentTerm === message.term && votedFor?.id === id,
        `${id} asks for votes in term ${message.term} while its disk says ${votedFor?.id ?? "nobody"} in term ${currentTerm}`,
      );
    });
    await lab.runUntil("an election", () => lab.messages("requestVote", "sent", from).length > 0);
    await lab.runFor(1);
    const first = lab.messages("requestVote", "sent", from)[0];
    check(first !== undefined, "no election");
    const all = lab.messages("requestVote", "sent", from).filter((one) => one.from === first.from);
    checkWithin(
      first.at - (durableAt.get(first.from) ?? 0),
      [0, 1],
      "from a durable vote to the requests (the disk says so within 1 ms)",
    );
    check(
      all.length === 2 && all.every((one) => one.at === first.at),
      "RequestVote doesn't go to all at once",
    );
    check(
      first.message.term === term + 1 && lab.status(first.from).term === term + 1,
      "the election is not in the next term",
    );
    // Abandoned after one wait, tried again after another: two waits without a message between.
    lab.cut([first.from], lab.others(first.from));
    await lab.runFor(700);
    const next = lab
      .messages("preVote", "sent", first.at)
      .find((one) => one.from === first.from && one.at > first.at);
    check(next !== undefined, `${first.from} never tried again`);
    checkWithin(next.at - first.at, [290, 620], "from an election to the next pre-vote");
    check(
      lab.messages("requestVote", "sent", first.at).filter((one) => one.from === first.from)
        .length === 2,
      "an election asked twice",
    );
    stop();
    lab.heal();
    await lab.waitForLeader();
  },
  mutation: {
    file: "packages/core/src/operations/election.ts",
    find: ` || role.awaitedSeq === null || !isDurable(state, role.awaitedSeq)) {`,
    replace: ` || role.awaitedSeq === null) {`,
    why: "RequestVote leaves before term and vote are durable",
  },
};

const r04: Scenario = {
  rule: "R04",
  name: "requests from before a change of state start nothing: late pre-votes, a write that ends after the term has changed",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed, { nodes: 5 });
    await latePreVotes(lab, leader);
    await lateWrite(lab);
  },
  mutation: {
    file: "packages/core/src/handlers/pre-vote-reply.ts",
    find: ` || message.term !== state.currentTerm + 1) return;`,
    replace: `) return;`,
    why: "a pre-vote of an earlier term starts an election in a later one",
  },
};

/**
 * One node's pre-votes are granted, but the answers come when the term has moved on and it asks
 * anew.
 */
async function latePreVotes(lab: Lab, leader: NodeId): Promise<void> {
  const [slow = ""] = lab.others(leader);
  const stops = [
    lab.filter((message, { to }) =>
      message.type === "preVoteReply" && to === slow ? "hold" : "pass",
    ),
    dropping(lab, (message, { from }) => message.type === "preVote" && from.id !== slow),
  ];
  const { term } = lab.status(leader);
  lab.crash(leader);
  await lab.runUntil(
    "granted pre-votes on their way",
    () =>
      lab
        .messages("preVoteReply", "sent")
        .filter(
          (one) => one.to === slow && one.message.voteGranted && one.message.term === term + 1,
        ).length >= 3,
  );
  for (const stop of stops) stop();
  // The others get on without it.
  const stop = dropping(
    lab,
    (message, { from, to }) =>
      from.id === slow || (to === slow && message.type !== "appendEntries"),
  );
  const held = lab.network.held.length;
  const next = await lab.waitForLeader();
  await lab.runUntil(`${slow} hears of it`, () => lab.status(slow).leaderId === next);
  const after = lab.status(slow).term;
  lab.cut([slow], lab.others(slow));
  const cutAt = lab.now();
  await lab.runUntil("a new pre-vote", () =>
    lab.messages("preVote", "sent", cutAt).some((one) => one.from === slow),
  );
  lab.heal();
  check(held >= 3, "nothing was held back");
  lab.network.release();
  await lab.runFor(20);
  check(
    !lab.messages("requestVote", "sent", cutAt).some((one) => one.from === slow),
    `${slow} started an election with answers to an earlier question`,
  );
  check(lab.status(slow).term === after, `${slow} moved to term ${lab.status(slow).term}`);
  stop();
  lab.network.release();
  await lab.restart(leader);
  await lab.waitForLeader();
  await lab.converge();
}

/** A candidacy that waits for the disk while another one wins. */
async function lateWrite(lab: Lab): Promise<void> {
  const leader = lab.leader() ?? "";
  const [slow = ""] = lab.others(leader);
  const stop = dropping(lab, (message, { from }) => message.type === "preVote" && from.id !== slow);
  lab.crash(leader);
  lab.disk(slow).hang();
  const from = lab.now();
  const { term } = lab.status(slow);
  await lab.runUntil(`${slow} is a candidate`, () => lab.status(slow).term > term);
  stop();
  await lab.runUntil("another leader", () => lab.leader() !== undefined);
  await lab.runUntil(`${slow} follows it`, () => lab.status(slow).leaderId === lab.leader());
  lab.disk(slow).resume();
  await lab.runFor(100);
  check(
    !lab.messages("requestVote", "sent", from).some((one) => one.from === slow),
    `${slow} asked for votes although the term had moved on`,
  );
}

export const elections: readonly Scenario[] = [r01, r02, r03, r04];
