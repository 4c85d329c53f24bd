// What is checked of members and of reads of older states: right records pass, and each wrong thing
// is found.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkConfigurations } from "../src/chaos/checks/configurations.js";
import { checkMembers } from "../src/chaos/checks/members.js";
import { findOlderReadErrors } from "../src/chaos/checks/older-reads.js";
import { MemberFaults } from "../src/chaos/faults/member-faults.js";
import {
  ConfigurationRecord,
  configurationsInLogs,
  termsBegunOutside,
} from "../src/chaos/processes/configuration-record.js";
import type { SeenConfiguration } from "../src/chaos/processes/configuration-record.js";
import type { MemberRecord } from "../src/chaos/processes/member-record.js";
import { serverArguments } from "../src/chaos/processes/server-arguments.js";
import type { WipedStart } from "../src/chaos/processes/server-arguments.js";
import type { KeyValueOperation } from "../src/chaos/workload/history.js";
import type { OlderRead } from "../src/chaos/workload/older-reads.js";
import { layOut } from "../src/supervisor/layout.js";
import { temporaryDirectory } from "./support/environment.js";

interface Form {
  readonly learners?: string;
  readonly outgoing?: string;
  readonly node?: string;
  /** Only in force, as a log says. */
  readonly open?: boolean;
}

/** Members as letters, one for each data directory. */
function seen(index: number, voters: string, form: Form = {}): SeenConfiguration {
  const { learners = "", outgoing = "", node = "n1", open = false } = form;
  const letters = (text: string): string[] => text.split("");
  const lists = {
    voters: letters(voters),
    learners: letters(learners),
    outgoing: letters(outgoing),
  };
  return { node, index, isCommitted: !open, ...lists };
}

describe("configurations", () => {
  const growth = [
    seen(1, "abc"),
    seen(5, "abc", { learners: "d" }),
    seen(9, "abcd", { outgoing: "abc", open: true }),
    seen(10, "abcd"),
    seen(20, "bcd", { outgoing: "abcd" }),
    seen(21, "bcd"),
  ];

  test("that follow one another one change at a time, and agree, pass", () => {
    const others = growth.map((one) => ({ ...one, node: "n2" }));
    expect(checkConfigurations([...others, ...growth])).toEqual({ errors: [], committed: 5 });
  });

  test("that were never committed don't disturb, and don't help", () => {
    const lost = seen(7, "abx", { outgoing: "abc", open: true });
    expect(checkConfigurations([...growth, lost]).errors).toEqual([]);
    const leap = [seen(1, "abc"), seen(7, "abx", { outgoing: "abc", open: true }), seen(9, "abd")];
    expect(checkConfigurations(leap).errors).toHaveLength(1);
  });

  test.each<[string, SeenConfiguration[]]>([
    ["two at one index", [...growth, seen(10, "abce", { node: "n3" })]],
    ["a voter without a joint phase", [seen(1, "abc"), seen(9, "abcd")]],
    ["two changes at once", [seen(1, "abc"), seen(9, "abde", { outgoing: "abd" })]],
    [
      "a joint phase that ends in other voters",
      [seen(3, "abd", { outgoing: "abc" }), seen(4, "abe")],
    ],
    [
      "a joint phase after a joint phase",
      [seen(3, "abd", { outgoing: "abc" }), seen(4, "abe", { outgoing: "abd" })],
    ],
    ["the same id with another data directory, at one go", [seen(1, "abc"), seen(2, "abC")]],
  ])("%s are found", (_, wrong) => {
    expect(checkConfigurations(wrong).errors).toHaveLength(1);
  });

  test("are taken from what nodes say, if it is committed, and from their logs", () => {
    const record = new ConfigurationRecord();
    const voters = [
      { id: "b", incarnation: "2" },
      { id: "a", incarnation: "1" },
    ];
    const status = { role: "leader", term: 1, leaderId: "a", lastIndex: 9, commitIndex: 9 };
    const configuration = { voters, learners: [], outgoing: [] };
    const whole = { ...status, lastApplied: 9, configuration, configurationIndex: 4 };
    for (const configurationCommitted of [false, true, true]) {
      record.note("n1", { ...whole, configurationCommitted });
    }
    const lists = { voters: ["a 1", "b 2"], learners: [], outgoing: [] };
    expect(record.seen).toEqual([{ node: "n1", index: 4, isCommitted: true, ...lists }]);
    const logFile = join(temporaryDirectory(), "n2.log");
    const line = JSON.stringify({ index: 5, ...configuration, msg: "is in force" });
    writeFileSync(logFile, `${line}\n{"index":6}\nnot JSON\n{"ind`);
    expect(
      configurationsInLogs([
        { id: "n2", logFile },
        { id: "n3", logFile: "none" },
      ]),
    ).toEqual([{ node: "n2", index: 5, isCommitted: false, ...lists }]);
  });
});

describe("members", () => {
  const contents = (...ids: string[]) => ({
    nodes: ids.map((id) => ({ id, fromMs: 0, toMs: 1, entries: [] })),
  });
  const good: MemberRecord = {
    final: ["n1", "n4"],
    unfinished: [],
    configurations: [seen(1, "ad")],
    lingered: 2,
    termsBegunOutside: [],
  };
  const failed = (change: Partial<MemberRecord>, ...read: string[]): string[] =>
    checkMembers({ ...good, ...change }, contents(...read))
      .filter(({ ok }) => !ok)
      .map(({ name }) => name);

  test("pass, or fail by the check that names the reason", () => {
    expect(failed({}, "n1", "n4")).toEqual([]);
    expect(failed({}, "n1")).toEqual(["members settled"]);
    expect(failed({ unfinished: ["add of n5"] }, "n1", "n4")).toEqual(["members settled"]);
    expect(failed({ termsBegunOutside: ["n2"] }, "n1", "n4")).toEqual(["who left disturbs nobody"]);
    // Where nothing was seen, nothing is shown.
    expect(failed({ configurations: [] }, "n1", "n4")).toEqual(["one change at a time"]);
  });

  test("a node that had left and begins a term is found; a pre-vote, and what was before, isn't", () => {
    const logFile = join(temporaryDirectory(), "n2.log");
    const lines = [
      { time: 10, role: "follower", term: 3 },
      { time: 20, role: "candidate", term: 4 },
      { time: 30, role: "follower", term: 5 },
      { time: 40, role: "candidate", term: 5 },
      { time: 50, role: "candidate", term: 6 },
      { time: 60, role: "follower", term: 7 },
      { time: 90, role: "candidate", term: 8 },
    ];
    writeFileSync(logFile, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    const lingering = [{ id: "n2", fromMs: 25, toMs: 80 }];
    expect(termsBegunOutside(lingering, () => logFile)).toEqual(["n2 had left, and began term 6"]);
  });

  test("nothing is chosen while an earlier command has no end", async () => {
    const finish = (): Promise<string> => Promise.resolve("n4 isn't caught up");
    const faults = new MemberFaults({ operator: { finish } } as never);
    const plan = { kind: "rejoin", atMs: 0, durationMs: 1, nodes: [0], variant: 0 } as const;
    expect(await faults.carryOut(plan)).toBeUndefined();
  });

  test("nobody takes the data of a node that is being added", async () => {
    const claims = new Set<number>();
    const claim = (node: number): (() => void) | undefined => {
      if (claims.has(node)) return undefined;
      claims.add(node);
      return () => void claims.delete(node);
    };
    const fleet = { present: () => [0, 1, 3], isUp: () => true, claim };
    /** While it is added, and the data of the fourth node is away. */
    let claimed: number[] = [];
    const operator = {
      finish: () => Promise.resolve(),
      voters: () => Promise.resolve([0, 1, 3]),
      commands: { add: () => (claimed = [...claims].toSorted((a, b) => a - b)) },
      insist: (work: () => unknown) => Promise.resolve({ done: String(work()), tries: 1 }),
    };
    const faults = new MemberFaults({ operator, fleet, nodes: 3 } as never);
    claim(3);
    const plan = { kind: "add", atMs: 0, durationMs: 1, nodes: [0], variant: 0 } as const;
    expect(await faults.carryOut(plan)).toMatchObject({ tookEffect: true });
    expect([claimed, [...claims]]).toEqual([[2, 3, 4, 5, 6, 7, 8], [3]]);
  });
});

describe("reads of older states", () => {
  const write = (value: string | null, index: number | undefined): KeyValueOperation => ({
    client: `c${index}`,
    invoked: 1,
    completed: index === undefined ? Infinity : 2,
    input: value === null ? { op: "delete", key: "k" } : { op: "put", key: "k", value },
    ...(index !== undefined && { output: { ok: true, version: index } }),
  });
  const history = [write("v1", 5), write("v2", 9), write(null, 12), write("v9", undefined)];
  const read = (
    index: number,
    found: OlderRead["found"],
    more: Partial<OlderRead> = {},
  ): OlderRead => ({
    node: "n1",
    run: 1,
    invoked: 1,
    completed: 2,
    atLeast: null,
    index,
    key: "k",
    found,
    ...more,
  });
  const value = (name: string, version: number) => ({ value: name, version });

  test.each([
    read(4, null),
    read(5, value("v1", 5)),
    read(8, value("v1", 5)),
    read(11, value("v2", 9), { atLeast: 11 }),
    read(12, null),
    // Nobody knows when that one was written.
    read(14, value("v9", 13)),
    read(8, value("v9", 7)),
  ])("%j is one of the log", (one) => expect(findOlderReadErrors(history, [one])).toEqual([]));

  test.each([
    ["older than its index says", read(9, value("v1", 5))],
    ["of a write that was deleted", read(12, value("v2", 9))],
    ["of nothing where something was", read(10, null)],
    ["of a later write", read(8, value("v2", 9))],
    ["of what nobody wrote", read(9, value("v7", 9))],
    ["older than was asked for", read(8, value("v1", 5), { atLeast: 9 })],
  ])("one %s is found", (_, one) => expect(findOlderReadErrors(history, [one])).toHaveLength(1));

  test("of one process don't go back; of another one, or at the same time, they may", () => {
    const first = read(9, value("v2", 9));
    const later = { invoked: 3, completed: 4 };
    const back = read(6, value("v1", 5), later);
    expect(findOlderReadErrors(history, [first, back])).toHaveLength(1);
    for (const other of [
      { ...back, node: "n2" },
      { ...back, run: 2 },
      { ...back, invoked: 2 },
    ]) {
      expect(findOlderReadErrors(history, [first, other])).toEqual([]);
    }
    const unknown = [first, back].map((one) => ({ ...one, run: null }));
    expect(findOlderReadErrors(history, unknown)).toEqual([]);
  });
});

test("every node, joiners too, dials every place there may be at a proxy of its own", () => {
  const places = layOut({ nodes: 4, httpBase: 0, peerBase: 100, data: "data" });
  const [n1, n2, n3] = places;
  if (!n1 || !n2 || !n3) throw new Error("there are four");
  const network = { port: (from: number, to: number) => 1000 + 10 * from + to };
  const argumentsOf = (place: typeof n1, wiped?: WipedStart): string[] =>
    serverArguments(
      { place, places, initial: [n1, n2], present: [n1, n2, n3], wiped },
      network as never,
    );
  const after = (flag: string, all: string[]): string | undefined =>
    all.includes(flag) ? all[all.indexOf(flag) + 1] : undefined;
  const joiner = argumentsOf({ ...n3, beginning: "joins" });
  expect(after("--peer-via", joiner)).toBe(
    "127.0.0.1:101=127.0.0.1:1020,127.0.0.1:102=127.0.0.1:1021,127.0.0.1:104=127.0.0.1:1023",
  );
  expect(after("--join", joiner)).toBe("127.0.0.1:101,127.0.0.1:102");
  expect([joiner.includes("--rejoin"), joiner.includes("--peers")]).toEqual([false, false]);
  expect(argumentsOf({ ...n3, beginning: "rejoins" })).toContain("--rejoin");
  expect(after("--peers", argumentsOf(n1))).toBe("n1=127.0.0.1:101,n2=127.0.0.1:102");
  // Without its data: as if all who are there began now, or as the only one, away from the clients.
  expect(after("--peers", argumentsOf(n3, "initial"))).toContain("n3=127.0.0.1:103");
  const alone = argumentsOf(n2, "alone");
  expect([after("--peers", alone), alone.includes("--alone"), after("--http", alone)]).toEqual([
    "n2=127.0.0.1:102",
    true,
    "127.0.0.1:0",
  ]);
});
