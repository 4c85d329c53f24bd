// What stays and what goes when leaders change, nodes crash and the network is cut, R23 to R27.
import type { NodeId } from "@raftkit/core";
import type { Lab, Scenario, Tracked } from "./scenario.js";
import {
  check,
  checkVerdicts,
  checkWithin,
  createLedLab,
  recover,
  requestVote,
  track,
} from "./scenario.js";

const r23: Scenario = {
  rule: "R23",
  name: "entries that no majority stored may be lost with their leader; acknowledged ones never are",
  async run(seed) {
    const { lab, leader } = await createLedLab(seed);
    const calls = new Map<string, Tracked>();
    const say = (id: NodeId, text: string): void => {
      calls.set(text, track(lab.propose(id, text)));
    };
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
    check(
      [...calls.values()].filter(({ outcome }) => outcome?.end === "result").length >= 4,
      "hardly anything was acknowledged",
    );
  },
  mutation: {
    file: "packages/core/src/operations/commit.ts",
    find: `  if (index <= state.commitIndex || state.log.term(index) !== state.currentTerm) return;\n  advanceCommit(state, index);`,
    replace: `  const own = Math.max(index, state.durability.durableIndex);\n  if (own > state.commitIndex) advanceCommit(state, own);`,
    why: "a leader commits what it alone has stored",
  },
};

/** Load while a node crashes or is cut off. */
async function disturb(
  lab: Lab,
  round: number,
  say: (id: NodeId, text: string) => void,
): Promise<void> {
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
        const call = track(lab.propose(id, `${i} ${id}`, { wait: false }));
        calls.set(`${i} ${id}`, call);
        if (minority.includes(id)) mine.set(`${i} ${id}`, call);
      }
      await lab.runFor(20);
      for (const id of minority) {
        check(
          lab.status(id).commitIndex === committed,
          `${id} committed something on the minority side`,
        );
      }
    }
    check(
      [...mine.values()].every(({ outcome }) => outcome?.end !== "result"),
      "a command was acknowledged on the minority side",
    );
    check(
      [...calls.values()].some(({ outcome }) => outcome?.end === "result"),
      "the majority acknowledged nothing",
    );
    check(lab.status(leader).lastIndex > committed, "the minority's leader took nothing");
    await recover(lab);
    check(lab.status(leader).term > term, "the old leader never stepped down");
    checkVerdicts(lab, calls);
    const final = lab.applied(leader).map(({ text }) => text);
    check(
      [...mine.keys()].every((text) => !final.includes(text)),
      "an uncommitted entry of the minority was not replaced",
    );
  },
  mutation: {
    file: "packages/core/src/quorum/majority.ts",
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
      const leaderships = lab.node(leader).leadership()[Symbol.asyncIterator]();
      const leadership = await lab.settle(leaderships.next());
      check(
        leadership.done !== true && !leadership.value.signal.aborted,
        "the leader has no leadership",
      );
      const { term } = lab.status(leader);
      const from = lab.now();
      for (const peer of lab.others(leader)) {
        lab.network.setLink(peer, leader, { cut: true });
        if (!deaf) lab.network.setLink(leader, peer, { cut: true });
      }
      await lab.runUntil("step-down", () => lab.status(leader).role !== "leader", 360);
      checkWithin(lab.now() - from, [240, 360], "from the cut to the step-down");
      check(lab.status(leader).term === term, "it was told of a later term");
      check(leadership.value.signal.aborted, "the leadership goes on");
      lab.heal();
      await lab.waitForLeader();
    }
  },
  mutation: {
    file: "packages/core/src/handlers/heartbeat.ts",
    find: `  if (state.now - heardMajorityAt >= state.options.electionTimeoutMs.max) return "noMajority";\n`,
    replace: ``,
    why: "a leader that nobody answers continues to lead",
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
      return track(
        lab.read(id, null, { timeoutMs: 2_000 }).then((texts) => {
          if (acknowledged.slice(0, before).some((text) => !texts.includes(text))) {
            stale.push(`${id} read ${texts.length} of ${before}`);
          }
          return texts.length;
        }),
      );
    }
    const stale: string[] = [];
    for (let i = 0; i < 9; i++) {
      await write(lab.ids[i % 3] ?? "", `${i}`);
      const reads = lab.ids.map(read);
      await lab.runUntil("reads", () => reads.every(({ outcome }) => outcome !== undefined), 200);
      check(
        reads.every(({ outcome }) => outcome?.end === "result"),
        "a read failed in a healthy cluster",
      );
    }
    lab.cut([leader], lab.others(leader));
    await lab.runUntil("another leader", () =>
      lab.others(leader).some((id) => lab.status(id).role === "leader"),
    );
    const next = lab.others(leader).find((id) => lab.status(id).role === "leader") ?? "";
    await write(next, "after the cut");
    const reads = lab.ids.map(read);
    await lab.runFor(20);
    lab.heal();
    await lab.runFor(2_000);
    check(
      reads.every(({ outcome }) => outcome !== undefined),
      "a read never ended",
    );
    check(stale.length === 0, `stale: ${stale.join("; ")}`);
  },
  mutation: {
    file: "packages/core/src/operations/leader-reads.ts",
    find: `const round = reachedByQuorum(state, leader.round, leader, (progress) => progress.round);`,
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
        for (const id of lab.running()) {
          calls.set(`${round} ${i} ${id}`, track(lab.propose(id, `${round} ${i} ${id}`)));
        }
        await lab.runFor(lab.random.between(0, 30));
      }
      const victims = round % 4 === 3 ? lab.ids : [lab.random.pick(lab.ids)];
      lab.crash(...victims);
      if (round % 2 === 0) await lab.runFor(400);
      for (const id of victims) {
        const { hardState, lastIndex } = lab.disk(id);
        await lab.restart(id);
        const status = lab.status(id);
        check(
          status.term >= hardState.currentTerm && status.lastIndex >= lastIndex,
          `${id} came back with term ${status.term} and ${status.lastIndex} entries; its disk holds term ${hardState.currentTerm} and ${lastIndex}`,
        );
      }
    }
    await recover(lab);
    checkVerdicts(lab, calls);
    check(
      [...calls.values()].filter(({ outcome }) => outcome?.end === "result").length >= 30,
      "hardly anything was acknowledged",
    );
    await vote(lab);
  },
  mutation: {
    file: "packages/core/src/restore.ts",
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
  const granted = (): readonly NodeId[] =>
    lab
      .messages("requestVoteReply", "sent")
      .filter(
        (one) => one.from === "n3" && one.message.voteGranted && one.message.term === term + 7,
      )
      .map((one) => one.to);
  lab.inject(first, "n3", requestVote(lab.sender("n3"), term + 7, last));
  await lab.runUntil("a vote", () => granted().length > 0, 100);
  lab.crash("n3");
  await lab.restart("n3");
  lab.inject(second, "n3", requestVote(lab.sender("n3"), term + 7, last));
  await lab.runFor(100);
  check(granted().join() === "n1", `after a restart the vote was given again: ${granted().join()}`);
}

export const survival: readonly Scenario[] = [r23, r24, r25, r26, r27];
