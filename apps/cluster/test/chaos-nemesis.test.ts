// The schedule as it is carried out: who is hit, that everything is healed again, and what a late
// run leaves out.
import { EventEmitter, once } from "node:events";
import { expect, test } from "vitest";
import { describeLinks } from "../src/chaos/faults/fault-names.js";
import { runNemesis } from "../src/chaos/faults/nemesis.js";
import type { NemesisOptions, InjectedFault } from "../src/chaos/faults/nemesis.js";
import type { PlannedFault } from "../src/chaos/faults/schedule.js";

interface Carried {
  /** What was done, in order. */
  readonly done: readonly string[];
  readonly injectedFaults: readonly InjectedFault[];
}

interface Circumstances {
  /** Who leads, each time that it is asked. */
  readonly leader: number | undefined | (() => number | undefined);
  readonly endMs?: number;
  readonly signal?: AbortSignal;
  /** Who runs. Default: all. */
  readonly isUp?: (node: number) => boolean;
  /** Connections that a fault resets on each of its links. Default 2. */
  readonly resets?: (link: readonly [number, number]) => number;
  /** What becomes of a request for a snapshot. Default: it is saved at index 7. */
  readonly snapshot?: () => Promise<{ readonly index: number }>;
  /** Who is there. Default: 0, 1 and 2. */
  readonly present?: readonly number[];
  /** Those whose data belongs to somebody else. */
  readonly claimed?: readonly number[];
  /** A restart isn't done before a fault of links is healed, or a snapshot asked for. */
  readonly restartsOnceHealed?: boolean;
}

async function carryOut(
  faults: readonly PlannedFault[],
  {
    leader,
    endMs = 60_000,
    signal = new AbortController().signal,
    isUp = () => true,
    resets = () => 2,
    snapshot = () => Promise.resolve({ index: 7 }),
    restartsOnceHealed = false,
    present = [0, 1, 2],
    claimed = [],
  }: Circumstances,
): Promise<Carried> {
  const done: string[] = [];
  const injectedFaults: InjectedFault[] = [];
  const felt = new Map<string, number>();
  const note = (what: string) => (nodes: number | readonly number[]) => {
    done.push(`${what} ${String(nodes)}`);
    return Promise.resolve();
  };
  const healed = new EventEmitter();
  const fleet: NemesisOptions["fleet"] = {
    kill: note("kill"),
    start: note("start"),
    restart: (node) =>
      restartsOnceHealed
        ? once(healed, "healed").then(() => note("restart")(node))
        : note("restart")(node),
    wipe: note("wipe"),
    restore: note("restore"),
    pause: (node) => void note("pause")(node),
    resume: (node) => void note("resume")(node),
    isUp,
    present: () => present,
    claim: (node) => (claimed.includes(node) ? undefined : () => {}),
  };
  const network: NemesisOptions["network"] = {
    impose(links, { type }) {
      done.push(`${type} ${links.map((link) => link.join(">")).join(" ")}`);
      for (const link of links) {
        felt.set(String(link), (felt.get(String(link)) ?? 0) + resets(link));
      }
      return () => {
        done.push(`no ${type}`);
        setImmediate(() => healed.emit("healed"));
      };
    },
    impact: (link) => ({
      droppedBytes: 0,
      delayedBytes: 0,
      resetConnections: felt.get(String(link)) ?? 0,
    }),
  };
  const leads = (): number | undefined => (typeof leader === "function" ? leader() : leader);
  await runNemesis({
    faults,
    places: 3,
    endMs,
    fleet,
    async changeMembers({ kind }) {
      await note("operator")(0);
      return { target: kind, effect: "", tookEffect: true };
    },
    async takeSnapshot(node) {
      await note("snapshot")(node);
      setImmediate(() => healed.emit("healed"));
      return snapshot();
    },
    network,
    observer: { leader: leads, confirmLeader: () => Promise.resolve(leads()) },
    now: () => performance.now() - epoch,
    signal,
    onFault: (injected) => injectedFaults.push(injected),
    leaderTimeoutMs: 30,
  });
  return { done, injectedFaults };
}

const epoch = performance.now();
const times = { atMs: 0, durationMs: 1 };
const process = (
  kind: "kill-leader" | "kill-follower" | "kill-several" | "pause-leader" | "restart" | "wipe",
  count = 1,
): PlannedFault => ({ ...times, kind, nodes: [2, 0, 1], count });
const links = (aim: "leader" | "anyone"): PlannedFault => ({
  ...times,
  kind: "cut-one-way",
  nodes: [0, 1, 2],
  aim,
  links: [
    [0, 1],
    [2, 0],
  ],
  effect: { type: "cut" },
});

test("the leader's faults hit the leader, a follower's another node; each is healed", async () => {
  expect((await carryOut([process("kill-leader")], { leader: 1 })).done).toEqual([
    "kill 1",
    "start 1",
  ]);
  expect((await carryOut([process("kill-follower")], { leader: 2 })).done).toEqual([
    "kill 0",
    "start 0",
  ]);
  expect((await carryOut([process("kill-several", 2)], { leader: 1 })).done).toEqual([
    "kill 2,0",
    "start 2,0",
  ]);
  expect((await carryOut([process("pause-leader")], { leader: 0 })).done).toEqual([
    "pause 0",
    "resume 0",
  ]);
  expect((await carryOut([process("restart")], { leader: 0 })).done).toEqual(["restart 2"]);
  const wiped = await carryOut([process("wipe")], { leader: 2 });
  expect([wiped.done, wiped.injectedFaults[0]?.target]).toEqual([
    ["wipe 2", "restore 2"],
    "n3 (n3 led)",
  ]);
});

test("a leader's or a follower's fault waits for a leader; while nobody leads it hits nobody and counts for nothing", async () => {
  let asked = 0;
  const late = await carryOut([process("kill-leader")], {
    leader: () => (++asked < 3 ? undefined : 1),
  });
  expect([late.done, late.injectedFaults.map(({ target }) => target)]).toEqual([
    ["kill 1", "start 1"],
    ["n2 (n2 led)"],
  ]);
  for (const kind of ["kill-leader", "pause-leader", "kill-follower"] as const) {
    expect(await carryOut([process(kind)], { leader: undefined })).toEqual({
      done: [],
      injectedFaults: [],
    });
  }
  expect((await carryOut([process("restart")], { leader: undefined })).done).toEqual(["restart 2"]);
});

test("what hit nobody is tried again after the others, unless another of its kind has taken effect", async () => {
  const down = new Set([2]);
  /** Down when it is first looked at, up from then on. */
  const isUp = (node: number): boolean => !down.delete(node);
  const several = process("kill-several", 2);
  expect((await carryOut([several, process("restart")], { leader: 0, isUp })).done).toEqual([
    "restart 2",
    "kill 2,0",
    "start 2,0",
  ]);
  down.add(2);
  expect(
    (await carryOut([several, several, process("restart")], { leader: 0, isUp })).done,
  ).toEqual(["kill 2,0", "start 2,0", "restart 2"]);
});

test("a node that doesn't run isn't hit", async () => {
  const others = (node: number): boolean => node !== 2;
  expect((await carryOut([process("restart")], { leader: 0, isUp: others })).done).toEqual([]);
  // Any other one will do.
  const wiped = await carryOut([process("wipe")], { leader: 0, isUp: others });
  expect(wiped.done).toEqual(["wipe 0", "restore 0"]);
  expect(
    await carryOut([process("kill-several", 2)], { leader: 0, isUp: (node) => node !== 0 }),
  ).toEqual({ done: [], injectedFaults: [] });
});

test("a fault of links counts if something met it, between nodes that ran; else it is told, and tried again at the leader", async () => {
  const nothing = await carryOut([links("anyone")], { leader: 1, resets: () => 0 });
  expect(nothing.done.filter((what) => what.startsWith("cut"))).toEqual([
    "cut 0>1 2>0",
    "cut 1>0 2>1",
    "cut 1>0 2>1",
  ]);
  expect(nothing.injectedFaults).toHaveLength(3);
  for (const injected of nothing.injectedFaults) {
    expect(injected).toMatchObject({
      kind: "cut-one-way",
      effect: "no effect, not counted",
      tookEffect: false,
    });
  }
  const halfDown = await carryOut([links("anyone")], {
    leader: undefined,
    isUp: (node) => node !== 2,
  });
  expect(halfDown.injectedFaults).toMatchObject([
    { effect: "2 connections reset", tookEffect: true },
  ]);
  expect(
    (
      await carryOut([links("anyone")], { leader: undefined, isUp: (node) => node !== 0 })
    ).injectedFaults.map(({ tookEffect }) => tookEffect),
  ).toEqual([false, false, false]);
  expect(
    (
      await carryOut([{ ...links("anyone"), links: [] } as PlannedFault], { leader: 0 })
    ).injectedFaults.map(({ tookEffect }) => tookEffect),
  ).toEqual([false, false, false]);
});

test("a snapshot is asked of a node that runs, beside other faults, and counts once it is saved", async () => {
  const asked: PlannedFault = { kind: "snapshot", atMs: 0, durationMs: 0, node: 1 };
  const saved = await carryOut([asked], { leader: undefined });
  expect([saved.done, saved.injectedFaults]).toMatchObject([
    ["snapshot 1"],
    [{ kind: "snapshot", target: "n2", effect: "saved at index 7", tookEffect: true }],
  ]);
  expect(await carryOut([asked], { leader: 0, isUp: (node) => node !== 1 })).toEqual({
    done: [],
    injectedFaults: [],
  });
  const none = await carryOut([asked], {
    leader: 0,
    snapshot: () => Promise.reject(new Error("n2 is gone")),
  });
  // As every kind without effect it is tried three times.
  expect(none.injectedFaults.map(({ effect, tookEffect }) => [effect, tookEffect])).toEqual(
    Array.from({ length: 3 }, () => ["none: n2 is gone", false]),
  );
  // The restart ends only once the snapshot was asked for.
  const beside = await carryOut([process("restart"), asked], {
    leader: 0,
    restartsOnceHealed: true,
  });
  expect(beside.done).toEqual(["snapshot 1", "restart 2"]);
});

test("is told in the order in which faults began, whichever is over first", async () => {
  const { injectedFaults } = await carryOut(
    [process("restart"), { ...links("anyone"), atMs: performance.now() - epoch + 40 }],
    { leader: 0, restartsOnceHealed: true },
  );
  expect(injectedFaults.map(({ kind }) => kind)).toEqual(["restart", "cut-one-way"]);
});

test("links aimed at the leader are exchanged with its own; what was done to them is told", async () => {
  const { done, injectedFaults } = await carryOut([links("leader")], { leader: 1 });
  expect(done).toEqual(["cut 1>0 2>1", "no cut"]);
  expect(injectedFaults[0]).toMatchObject({
    kind: "cut-one-way",
    target: "reset n2 → n1, n3 → n2",
    effect: "4 connections reset",
  });
  expect((await carryOut([links("anyone")], { leader: 1 })).done).toEqual([
    "cut 0>1 2>0",
    "no cut",
  ]);
});

test("members come and go: who is there takes the plan's places, and a partition leaves nobody out", async () => {
  // Node 1 has left; 3, 4 and 5 are there. Places 0, 1, 2 are those of 0 and 4, of 2 and 5, of 3.
  const present = [0, 2, 3, 4, 5];
  const cut = await carryOut([links("anyone")], { leader: 4, present });
  expect(cut.done[0]).toBe("cut 0>2 0>5 4>2 4>5 3>0 3>4");
  const killed = await carryOut([process("kill-several", 2)], { leader: 4, present });
  expect(killed.done).toEqual(["kill 3,0", "start 3,0"]);
  const all: PlannedFault = { ...times, kind: "kill-all", nodes: [2, 0, 1], count: 3 };
  expect((await carryOut([all], { leader: 4, present })).done[0]).toBe("kill 3,0,4,2,5");
});

test("no data is taken of a node that an operator works on", async () => {
  for (const kind of ["wipe", "found-again"] as const) {
    const fault: PlannedFault = { ...times, kind, nodes: [2, 0, 1], count: 1 };
    expect((await carryOut([fault], { leader: 0, claimed: [0, 1, 2] })).done).toEqual([]);
    const other = await carryOut([fault], { leader: 0, claimed: [2] });
    expect(other.done).toEqual(["wipe 0", "restore 0"]);
  }
});

test("an operator's commands are a track of their own", async () => {
  const add: PlannedFault = { ...times, kind: "add", nodes: [0, 1, 2], variant: 0 };
  const { done, injectedFaults } = await carryOut([process("restart"), add], {
    leader: 0,
    restartsOnceHealed: false,
  });
  expect(done.toSorted()).toEqual(["operator 0", "restart 2"]);
  expect(injectedFaults.map(({ kind }) => kind).toSorted()).toEqual(["add", "restart"]);
});

test("late, a kind that has taken effect is left out, another is not", async () => {
  const { injectedFaults } = await carryOut(
    [
      process("restart"),
      process("restart"),
      process("wipe"),
      process("restart"),
      links("anyone"),
      links("anyone"),
    ],
    { leader: 0, endMs: -1 },
  );
  expect(injectedFaults.map(({ kind }) => kind).toSorted()).toEqual([
    "cut-one-way",
    "restart",
    "wipe",
  ]);
});

test("aborted, it injects no more faults", async () => {
  const ending = new AbortController();
  ending.abort(new Error("enough"));
  await expect(
    carryOut([process("kill-leader")], { leader: 0, signal: ending.signal }),
  ).rejects.toThrow("aborted");
});

test.each([
  [
    [
      [0, 1],
      [1, 0],
    ],
    "n1 ⇄ n2",
  ],
  [
    [
      [3, 4],
      [4, 3],
      [0, 3],
      [3, 0],
      [1, 3],
      [3, 1],
    ],
    "n4 ⇄ n1 n2 n5",
  ],
  [
    [
      [4, 1],
      [0, 1],
      [3, 1],
    ],
    "n1 n4 n5 → n2",
  ],
  [
    [
      [4, 1],
      [4, 0],
    ],
    "n5 → n1 n2",
  ],
  [
    [
      [0, 2],
      [2, 0],
      [0, 3],
      [3, 0],
      [1, 2],
      [2, 1],
      [1, 3],
      [3, 1],
      [4, 0],
    ],
    "n1 ⇄ n3 n4, n2 ⇄ n3 n4, n5 → n1",
  ],
  [[], ""],
] as const)("links %j are called %s", (links, name) => expect(describeLinks(links)).toBe(name));
