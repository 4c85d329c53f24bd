// Commands and clients, R21 to R27.
import type { NodeId } from "@raftkit/core";
import type { Lab, Scenario, Tracked } from "./scenario.js";
import { check, checkWithin, createLedLab, dropping, indexesOf, kindOf, requestVote, track } from "./scenario.js";

const r21: Scenario = {
  rule: "R21",
  name: "proposals keep their order and travel in batches; elsewhere each is forwarded once; without a leader the answer is no at once",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const [follower = ""] = lab.others(leader);
    const texts = Array.from({ length: 200 }, (_, i) => `${i}`);
    const from = lab.now();
    const places = await lab.settle(Promise.all(texts.map((text) => lab.propose(leader, text))));
    check(places.every((place, i) => place === i + 1), "commands were not applied in the order of arrival");
    const batches = lab.messages("appendEntries", "sent", from).filter((one) => indexesOf(one.message).length > 0);
    check(batches.length === 2 && batches.every((one) => indexesOf(one.message).length === 200), `200 commands at once travelled in ${batches.length} messages`);
    await forwarding(lab, follower);
    const stop = dropping(lab, (message) => message.type === "forward");
    const lostFrom = lab.now();
    const lost = track(lab.propose(follower, "lost on the way", { timeoutMs: 2_000 }));
    await lab.runFor(2_010);
    stop();
    check(lost.outcome?.end === "error" && kindOf(lost.outcome.error) === "OUTCOME_UNKNOWN", "a forward that was lost did not end as unknown");
    await lab.runFor(1_000);
    check(lab.messages("forward", "sent", lostFrom).length === 1, "a proposal was forwarded twice");
    lab.cut([follower], lab.others(follower));
    await lab.runUntil("no leader is known", () => lab.status(follower).leaderId === null);
    const askedAt = lab.now();
    const refused = track(lab.propose(follower, "nobody there"));
    await lab.runUntil("an answer", () => refused.outcome !== undefined, 1);
    checkWithin(lab.now() - askedAt, [0, 1], "the refusal");
    check(refused.outcome?.end === "error" && kindOf(refused.outcome.error) === "noLeader", "a proposal without a leader was not refused");
  },
  fault: {
    file: "packages/core/src/forward.ts",
    find: `    reject(state, firstSeq, commands.length, "noLeader");\n`,
    replace: ``,
    why: "without a leader a proposal waits until it times out",
  },
};

async function forwarding(lab: Lab, follower: NodeId): Promise<void> {
  const from = lab.now();
  const places = await lab.settle(Promise.all(Array.from({ length: 100 }, (_, i) => lab.propose(follower, `forwarded ${i}`))));
  check(places.every((place, i) => place === 201 + i), "forwarded commands were not applied in the order of arrival");
  const forwards = lab.messages("forward", "sent", from);
  check(forwards.reduce((sum, one) => sum + one.message.entries.count, 0) === 100, "not every command was forwarded exactly once");
  check(forwards.length <= 2, `100 commands at once were forwarded in ${forwards.length} messages`);
}

/** No yes for a command that isn't there, no for one that is. */
function checkVerdicts(lab: Lab, calls: ReadonlyMap<string, Tracked>): void {
  const final = lab.applied(lab.leader() ?? "").map(({ text }) => text);
  check(new Set(final).size === final.length, "a command was applied twice");
  for (const [text, { outcome }] of calls) {
    check(outcome !== undefined, `the call for ${text} never ended`);
    if (outcome.end === "result") check(final[outcome.result - 1] === text, `${text} was acknowledged at place ${outcome.result}, where ${final[outcome.result - 1]} stands`);
    else if (kindOf(outcome.error) !== "OUTCOME_UNKNOWN") check(!final.includes(text), `${text} was refused (${kindOf(outcome.error)}) but applied`);
  }
}

/** Restarts whoever is down, heals, and waits until everyone agrees. */
async function recover(lab: Lab): Promise<void> {
  lab.heal();
  const down = lab.others(...lab.running());
  if (down.length > 0) await lab.restart(...down);
  await lab.waitForLeader();
  await lab.runFor(5_100);
  await lab.converge();
  const [first, ...rest] = lab.ids.map((id) => lab.applied(id).map(({ text }) => text).join());
  for (const texts of rest) check(texts === first, "nodes disagree about what was committed");
}

const r22: Scenario = {
  rule: "R22",
  name: "a client hears after commit and apply, with the result; when the leader dies first: unknown, never a wrong yes or no",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const place = await lab.settle(lab.propose(leader, "plain"));
    const { lastApplied, commitIndex } = lab.status(leader);
    check(place === 1 && lab.applied(leader)[0]?.index === lastApplied && commitIndex >= lastApplied, "answered before it was applied");
    check(lab.ids.filter((id) => lab.disk(id).lastIndex >= lastApplied).length >= 2, "answered before a majority stored it");
    const calls = new Map<string, Tracked>();
    await answerLost(lab, leader, calls);
    for (let round = 0; round < 6; round++) {
      const now = await lab.waitForLeader();
      for (const id of lab.ids) for (let i = 0; i < 3; i++) calls.set(`${round} ${id} ${i}`, track(lab.propose(id, `${round} ${id} ${i}`)));
      await lab.runFor(lab.random.between(0, 6));
      if (round % 2 === 0) lab.crash(now);
      else lab.cut([now], lab.others(now));
      await lab.runFor(lab.random.between(200, 700));
      lab.heal();
      if (round % 2 === 0) await lab.restart(now);
    }
    await recover(lab);
    checkVerdicts(lab, calls);
  },
  fault: {
    file: "packages/raftkit/src/proposals.ts",
    find: `() => new OutcomeUnknown("the leader changed before it answered; the command may or may not be applied"));`,
    replace: `() => new NotProposed("noLeader", "the leader changed before it answered"));`,
    why: "a forward whose leader died is called not proposed",
  },
};

/** The leader commits a forwarded command, but dies before its answer arrives. */
async function answerLost(lab: Lab, leader: NodeId, calls: Map<string, Tracked>): Promise<void> {
  const [follower = ""] = lab.others(leader);
  const stop = dropping(lab, (message) => message.type === "forwardReply");
  calls.set("answer lost", track(lab.propose(follower, "answer lost")));
  await lab.runUntil("committed", () => lab.applied(leader).some(({ text }) => text === "answer lost"));
  lab.crash(leader);
  await lab.waitForLeader();
  await lab.runFor(100);
  stop();
  await lab.restart(leader);
}

const r23: Scenario = {
  rule: "R23",
  name: "what no majority stored may vanish with its leader; what was acknowledged never does",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const calls = new Map<string, Tracked>();
    const say = (id: NodeId, text: string): void => { calls.set(text, track(lab.propose(id, text))); };
    say(leader, "kept");
    await lab.runFor(50);
    // Only the leader stores these.
    lab.cut([leader], lab.others(leader));
    for (let i = 0; i < 3; i++) say(leader, `alone ${i}`);
    await lab.runFor(100);
    lab.crash(leader);
    const next = await lab.waitForLeader();
    for (let i = 0; i < 3; i++) say(next, `after ${i}`);
    await lab.runFor(100);
    await recover(lab);
    const texts = lab.applied(leader).map(({ text }) => text);
    check(texts.join() === "kept,after 0,after 1,after 2", `the journal is ${texts.join()}`);
    for (let i = 0; i < 8; i++) await disturb(lab, i, say);
    await recover(lab);
    checkVerdicts(lab, calls);
    check([...calls.values()].filter(({ outcome }) => outcome?.end === "result").length >= 4, "hardly anything was acknowledged");
  },
  fault: {
    file: "packages/core/src/replicate.ts",
    find: `const index = reachedByMajority(ofVoters(state, state.durability.durableIndex, leader, (progress) => progress.matchIndex));`,
    replace: `const index = state.durability.durableIndex;`,
    why: "a leader commits what it alone has stored",
  },
};

/** Load while a node crashes or is cut off. */
async function disturb(lab: Lab, round: number, say: (id: NodeId, text: string) => void): Promise<void> {
  const victim = lab.random.pick(lab.ids);
  const mode = lab.random.integer(3);
  if (mode === 0) lab.cut([victim], lab.others(victim));
  for (let i = 0; i < 10; i++) {
    for (const id of lab.running()) say(id, `${round} ${i} ${id}`);
    await lab.runFor(lab.random.between(1, 60));
    if (i === 3 && mode === 1) lab.crash(victim);
  }
  lab.heal();
  if (mode === 1) await lab.restart(victim);
}

const r24: Scenario = {
  rule: "R24",
  name: "five nodes, clients on both sides of a cut: the minority commits nothing; healed, its leader has stepped down and everyone agrees",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed, { nodes: 5 });
    const [companion = "", ...majority] = lab.others(leader);
    const minority = [leader, companion];
    await lab.settle(lab.propose(leader, "before"));
    await lab.converge();
    const committed = lab.status(leader).commitIndex;
    const { term } = lab.status(leader);
    lab.cut(minority, majority);
    const calls = new Map<string, Tracked>();
    const mine = new Map<string, Tracked>();
    for (let i = 0; i < 60; i++) {
      for (const id of lab.ids) {
        const call = track(lab.propose(id, `${i} ${id}`));
        calls.set(`${i} ${id}`, call);
        if (minority.includes(id)) mine.set(`${i} ${id}`, call);
      }
      await lab.runFor(20);
      for (const id of minority) check(lab.status(id).commitIndex === committed, `${id} committed something on the minority side`);
    }
    check([...mine.values()].every(({ outcome }) => outcome?.end !== "result"), "a command was acknowledged on the minority side");
    check([...calls.values()].some(({ outcome }) => outcome?.end === "result"), "the majority acknowledged nothing");
    check(lab.status(leader).lastIndex > committed, "the minority's leader took nothing");
    await recover(lab);
    check(lab.status(leader).term > term, "the old leader never stepped down");
    checkVerdicts(lab, calls);
    const final = lab.applied(leader).map(({ text }) => text);
    check([...mine.keys()].every((text) => !final.includes(text)), "an uncommitted entry of the minority was not replaced");
  },
  fault: {
    file: "packages/core/src/quorum.ts",
    find: `return Math.floor(n / 2) + 1;`,
    replace: `return Math.floor(n / 2);`,
    why: "two of five count as a majority",
  },
};

const r25: Scenario = {
  rule: "R25",
  name: "a leader that hears no majority for an election timeout steps down by itself, also if its own beats arrive",
  async run(seed) {
    const { lab } = await createLedLab(seed);
    for (const deaf of [false, true]) {
      const leader = await lab.waitForLeader();
      await lab.converge();
      const reigns = lab.node(leader).leadership()[Symbol.asyncIterator]();
      const reign = await lab.settle(reigns.next());
      check(reign.done !== true && !reign.value.signal.aborted, "the leader has no reign");
      const { term } = lab.status(leader);
      const from = lab.now();
      for (const peer of lab.others(leader)) {
        lab.network.setLink(peer, leader, { cut: true });
        if (!deaf) lab.network.setLink(leader, peer, { cut: true });
      }
      await lab.runUntil("step-down", () => lab.status(leader).role !== "leader", 360);
      checkWithin(lab.now() - from, [240, 360], "from the cut to the step-down");
      check(lab.status(leader).term === term, "it was told of a later term");
      check(reign.value.signal.aborted, "the reign goes on");
      lab.heal();
      await lab.waitForLeader();
    }
  },
  fault: {
    file: "packages/core/src/replicate.ts",
    find: `  if (state.now - heardMajorityAt >= state.options.electionTimeoutMs.max) return true;\n`,
    replace: ``,
    why: "a leader that nobody answers goes on leading",
  },
};

const r26: Scenario = {
  rule: "R26",
  name: "a read on any node sees what was acknowledged before it began, also on a leader that has been replaced without knowing",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const acknowledged: string[] = [];
    async function write(id: NodeId, text: string): Promise<void> {
      await lab.settle(lab.propose(id, text));
      acknowledged.push(text);
    }
    /** Whatever it sees, it must hold all that was acknowledged when it began. */
    function read(id: NodeId): Tracked {
      const before = acknowledged.length;
      return track(lab.read(id, null, { timeoutMs: 2_000 }).then((texts) => {
        if (acknowledged.slice(0, before).some((text) => !texts.includes(text))) stale.push(`${id} read ${texts.length} of ${before}`);
        return texts.length;
      }));
    }
    const stale: string[] = [];
    for (let i = 0; i < 9; i++) {
      await write(lab.ids[i % 3] ?? "", `${i}`);
      const reads = lab.ids.map(read);
      await lab.runUntil("reads", () => reads.every(({ outcome }) => outcome !== undefined), 200);
      check(reads.every(({ outcome }) => outcome?.end === "result"), "a read failed in a healthy cluster");
    }
    lab.cut([leader], lab.others(leader));
    await lab.runUntil("another leader", () => lab.others(leader).some((id) => lab.status(id).role === "leader"));
    const next = lab.others(leader).find((id) => lab.status(id).role === "leader") ?? "";
    await write(next, "after the cut");
    const reads = lab.ids.map(read);
    await lab.runFor(20);
    lab.heal();
    await lab.runFor(2_000);
    check(reads.every(({ outcome }) => outcome !== undefined), "a read never ended");
    check(stale.length === 0, `stale: ${stale.join("; ")}`);
  },
  fault: {
    file: "packages/core/src/read.ts",
    find: `const round = reachedByMajority(ofVoters(state, leader.round, leader, (progress) => progress.round));`,
    replace: `const round = leader.round;`,
    why: "a leader answers reads without asking whether it still leads",
  },
};

const r27: Scenario = {
  rule: "R27",
  name: "term, vote and log survive every crash, at any moment, also of all nodes at once; they catch up and carry on",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    lab.disk(leader).set({ latencyMs: { min: 0.1, max: 8 } });
    const calls = new Map<string, Tracked>();
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 10; i++) {
        for (const id of lab.running()) calls.set(`${round} ${i} ${id}`, track(lab.propose(id, `${round} ${i} ${id}`)));
        await lab.runFor(lab.random.between(0, 30));
      }
      const victims = round % 4 === 3 ? lab.ids : [lab.random.pick(lab.ids)];
      lab.crash(...victims);
      if (round % 2 === 0) await lab.runFor(400);
      for (const id of victims) {
        const { hardState, lastIndex } = lab.disk(id);
        await lab.restart(id);
        const status = lab.status(id);
        check(status.term >= hardState.currentTerm && status.lastIndex >= lastIndex, `${id} came back with term ${status.term} and ${status.lastIndex} entries; its disk holds term ${hardState.currentTerm} and ${lastIndex}`);
      }
    }
    await recover(lab);
    checkVerdicts(lab, calls);
    check([...calls.values()].filter(({ outcome }) => outcome?.end === "result").length >= 30, "hardly anything was acknowledged");
    await vote(lab);
  },
  fault: {
    file: "packages/core/src/raft.ts",
    find: `votedFor: hardState.votedFor,`,
    replace: `votedFor: null,`,
    why: "a restarted node doesn't remember its vote",
  },
};

/** A vote that was given is not given again after a restart. */
async function vote(lab: Lab): Promise<void> {
  const [first, second] = [lab.sender("n1"), lab.sender("n2")];
  lab.crash("n1", "n2");
  await lab.runFor(400);
  const { term, lastIndex } = lab.status("n3");
  const last = { index: lastIndex + 1, term };
  const granted = (): readonly NodeId[] => lab.messages("requestVoteReply", "sent").filter((one) => one.from === "n3" && one.message.voteGranted && one.message.term === term + 7).map((one) => one.to);
  lab.inject(first, "n3", requestVote(lab.sender("n3"), term + 7, last));
  await lab.runUntil("a vote", () => granted().length > 0, 100);
  lab.crash("n3");
  await lab.restart("n3");
  lab.inject(second, "n3", requestVote(lab.sender("n3"), term + 7, last));
  await lab.runFor(100);
  check(granted().join() === "n1", `after a restart the vote was given again: ${granted().join()}`);
}

export const commands: readonly Scenario[] = [r21, r22, r23, r24, r25, r26, r27];
