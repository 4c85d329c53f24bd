// Replicated time (thesis §6.3): a leader says how much has passed, in front of commands and never
// alone. It never goes back, nor counts what passed without a leader, nor jumps by more than the
// cap (hazard 57).
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import type { Effect, EntryRun, RaftOptions } from "@raftkit/core";
import {
  CLOCK_ELAPSED_MS_MAX,
  decodeClock,
  decodeMessage,
  encodeClock,
  encodeRun,
  EntryKind,
  readEntries,
} from "@raftkit/core";
import type { Solo } from "../support/solo.js";
import { campaign, hear, persist, sent, soloLeader } from "../support/solo.js";
import { endTurns, step } from "../support/cluster.js";

const HOUR = 3_600_000;

function leader(options: Partial<RaftOptions> = {}): Solo {
  const made = soloLeader(1, { options: { clockIntervalMs: 100, ...options } });
  persist(made);
  made.effects = [];
  return made;
}

function runsOf(effects: readonly Effect[]): EntryRun[] {
  return effects.flatMap((effect) =>
    effect.type === "persist"
      ? effect.operations.flatMap((operation) =>
          operation.type === "append" ? [operation.run] : [],
        )
      : [],
  );
}

/** What was appended: "7 ms at 3", "command at 4". */
function appended({ effects }: Solo): string[] {
  return runsOf(effects).flatMap((run) =>
    [...readEntries(run)].map(({ index, kind, data }) =>
      kind === EntryKind.clock
        ? `${decodeClock(data)} ms at ${index}`
        : `${kind === EntryKind.command ? "command" : "other"} at ${index}`,
    ),
  );
}

function propose({ cluster, node }: Solo, ...sizes: readonly number[]): void {
  const commands = sizes.map((size) => new Uint8Array(size));
  step(cluster, node, { type: "propose", firstSeq: node.nextSeq, commands });
  node.nextSeq += commands.length;
  endTurns(cluster);
}

const of = <T extends Effect["type"]>({ effects }: Solo, type: T): Extract<Effect, { type: T }>[] =>
  effects.flatMap((effect) =>
    effect.type === type ? [effect as Extract<Effect, { type: T }>] : [],
  );

test("the first command after the interval has one clock entry in front of it, and is accepted behind", () => {
  const made = leader();
  const began = made.cluster.now;
  made.cluster.now = began + 99;
  propose(made, 1);
  made.cluster.now = began + 100;
  propose(made, 1, 1);
  propose(made, 1);
  made.cluster.now = began + 250;
  propose(made, 1);
  expect(appended(made)).toEqual([
    "command at 3",
    "100 ms at 4",
    "command at 5",
    "command at 6",
    "command at 7",
    "150 ms at 8",
    "command at 9",
  ]);
  expect(of(made, "accepted").map(({ firstIndex, count }) => [firstIndex, count])).toEqual([
    [3, 1],
    [5, 2],
    [7, 1],
    [9, 1],
  ]);
});

test("without commands no time is told, however much passes", () => {
  const made = leader();
  for (let hours = 0; hours < 10; hours++) {
    made.cluster.now += HOUR;
    endTurns(made.cluster);
    persist(made);
  }
  expect(appended(made)).toEqual([]);
});

test("a machine that doesn't ask for time gets none", () => {
  const made = leader({ clockIntervalMs: undefined });
  made.cluster.now += HOUR;
  propose(made, 1);
  expect(appended(made)).toEqual(["command at 3"]);
});

test("one entry says an hour at most, and what is above it never comes", () => {
  expect(CLOCK_ELAPSED_MS_MAX).toBe(HOUR);
  const made = leader();
  made.cluster.now += 365 * 24 * HOUR;
  propose(made, 1);
  made.cluster.now += 100;
  propose(made, 1);
  expect(appended(made)).toEqual([
    "3600000 ms at 3",
    "command at 4",
    "100 ms at 5",
    "command at 6",
  ]);
});

test("a clock that goes back takes nothing back", () => {
  const made = leader();
  const began = made.cluster.now;
  made.cluster.now = began + 150;
  propose(made, 1);
  made.cluster.now = began - 10_000;
  propose(made, 1);
  made.cluster.now = began + 240;
  propose(made, 1);
  made.cluster.now = began + 260;
  propose(made, 1);
  expect(appended(made)).toEqual([
    "150 ms at 3",
    "command at 4",
    "command at 5",
    "command at 6",
    "110 ms at 7",
    "command at 8",
  ]);
});

test("time before a leadership doesn't count, that of an earlier leadership neither", () => {
  const made = soloLeader(3, { options: { clockIntervalMs: 100 } });
  persist(made);
  const term = made.node.raft.status.currentTerm;
  made.cluster.now += 10_000;
  hear(made, "n2", "requestVoteReply", { term: term + 1, granted: "false" });
  persist(made);
  expect(made.node.raft.status.role).toBe("follower");
  made.cluster.now += HOUR;
  campaign(made);
  const next = made.node.raft.status.currentTerm;
  for (const id of ["n2", "n3"]) {
    hear(made, id, "requestVoteReply", { term: next, granted: "true" });
  }
  expect(made.node.raft.status.role).toBe("leader");
  made.effects = [];
  propose(made, 1);
  made.cluster.now += 120;
  propose(made, 1);
  expect(appended(made)).toEqual(["command at 4", "120 ms at 5", "command at 6"]);
});

describe("a forward", () => {
  function forwarded(options: Partial<RaftOptions> = {}): Solo {
    const made = soloLeader(2, { options: { clockIntervalMs: 100, ...options } });
    persist(made);
    made.effects = [];
    made.cluster.now += 130;
    return made;
  }
  const forward = (made: Solo, fields: Readonly<Record<string, number>>): void =>
    hear(made, "n2", "forward", { term: made.node.raft.status.currentTerm, ...fields });

  test("has the clock entry in front of it, and its verdict names the first command's index", () => {
    const made = forwarded();
    forward(made, { seq: 1, count: 2 });
    expect(appended(made)).toEqual(["130 ms at 3", "command at 4", "command at 5"]);
    expect(sent(made, "forwardReply")).toMatchObject([
      { verdict: "accepted", firstIndex: 4, count: 2 },
    ]);
  });

  test("whose copy arrives is answered the same, and brings no second clock entry", () => {
    const made = forwarded();
    forward(made, { seq: 1, count: 1 });
    made.cluster.now += 200;
    forward(made, { seq: 1, count: 1 });
    expect(appended(made)).toEqual(["130 ms at 3", "command at 4"]);
    expect(sent(made, "forwardReply").map(({ firstIndex }) => firstIndex)).toEqual([4, 4]);
  });

  test("that is refused brings none", () => {
    const made = forwarded({ maxUncommittedBytes: 500 });
    forward(made, { seq: 1, count: 3 });
    expect(appended(made)).toEqual([]);
    expect(sent(made, "forwardReply")).toMatchObject([{ verdict: "overloaded" }]);
  });
});

describe("the bounds", () => {
  // The no-op counts 256 until it is committed, as here; a command of 44 bytes 300, a clock 260.
  test.each([
    ["maxUncommittedBytes", 300, "command at 3"],
    ["maxUncommittedBytes", 559, "command at 3"],
    ["maxUncommittedBytes", 560, "100 ms at 3,command at 4"],
  ] as const)("%s %i: no command is refused for a clock entry", (bound, bytes, expected) => {
    const made = leader({ [bound]: bytes });
    made.cluster.now += 100;
    propose(made, 44);
    expect(appended(made).join()).toBe(expected);
    expect(of(made, "rejected")).toEqual([]);
  });

  test("a clock entry that had no room comes with a later command, and its time with it", () => {
    const made = leader({ maxUncommittedBytes: 559 });
    made.cluster.now += 100;
    propose(made, 44);
    persist(made);
    made.cluster.now += 100;
    propose(made, 20);
    expect(appended(made)).toEqual(["command at 3", "200 ms at 4", "command at 5"]);
  });

  test("hold with clock entries counted, and nothing stays counted once all is committed", () => {
    const made = leader({ maxUncommittedBytes: 1000 });
    made.cluster.now += 100;
    propose(made, 44, 44, 44);
    expect(appended(made)).toEqual(["100 ms at 3", "command at 4", "command at 5"]);
    expect(of(made, "rejected")).toMatchObject([{ firstSeq: 3, count: 1, reason: "overloaded" }]);
    persist(made);
    expect(made.node.raft.status.commitIndex).toBe(5);
    made.effects = [];
    propose(made, 44, 44, 44);
    expect(of(made, "rejected")).toEqual([]);
  });

  test("the log's bound is never passed", () => {
    const made = leader();
    const before = made.node.raft.status.logBytes;
    const full = leader({ maxLogBytes: before + 559 });
    full.cluster.now += 100;
    propose(full, 44);
    expect(appended(full)).toEqual(["command at 3"]);
    propose(full, 44);
    expect(of(full, "rejected")).toMatchObject([{ reason: "logFull" }]);
    expect(full.node.raft.status.logBytes).toBeLessThanOrEqual(before + 559);
  });
});

test("the time told never passes the time that passed, and behind a command lags by less than the interval", () => {
  const moment = fc.record({
    passesMs: fc.double({ min: -50, max: 5_000, noNaN: true }),
    commands: fc.nat({ max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 60 }), (moments) => {
      const made = leader();
      const began = made.cluster.now;
      let latest = began;
      let toldMs = 0;
      for (const { passesMs, commands } of moments) {
        made.cluster.now += passesMs;
        latest = Math.max(latest, made.cluster.now);
        made.effects = [];
        propose(made, ...Array.from({ length: commands }, () => 1));
        persist(made);
        const entries = appended(made);
        const clock = entries.find((entry) => entry.includes("ms"));
        expect(entries.length).toBe(commands + (clock === undefined ? 0 : 1));
        if (clock !== undefined) expect(entries[0]).toBe(clock);
        toldMs += Number.parseInt(clock ?? "0", 10);
        expect(toldMs).toBeLessThanOrEqual(latest - began);
        if (commands > 0) expect(latest - began - toldMs).toBeLessThan(100);
      }
    }),
  );
});

test("what a peer calls a clock entry says up to an hour in 4 bytes, else its message is none", () => {
  const header = [4, "n1-data-directory-1", 5, 3, 2, 0, 1, 0, 0];
  const payload = (data: Uint8Array): Uint8Array =>
    Buffer.concat([
      encodeRun(4, 5, EntryKind.command, [new Uint8Array(1)]).bytes,
      encodeRun(5, 5, EntryKind.clock, [data]).bytes,
    ]);
  for (const right of [0, 1, HOUR]) {
    expect(decodeMessage(header, payload(encodeClock(right)))).toBeDefined();
  }
  const longer = Uint8Array.of(1, 0, 0, 0, 0);
  for (const wrong of [HOUR + 1, 2 ** 32 - 1].map(encodeClock)) {
    expect(decodeMessage(header, payload(wrong))).toBeUndefined();
  }
  for (const wrong of [new Uint8Array(0), new Uint8Array(3), longer, new Uint8Array(8)]) {
    expect(decodeMessage(header, payload(wrong))).toBeUndefined();
  }
});
