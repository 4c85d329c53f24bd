// Whole runs with snapshots and sessions: that they come about and everything is answered, that
// each fault of snapshots takes effect, and that wrong storages and machines are found out.
import type { FileSystem } from "@raftkit/storage-file";
import { describe, expect, test } from "vitest";
import type { NodeMachine } from "../../src/cluster-simulation/machine.js";
import { runClusterSimulation, simulate } from "../../src/cluster-simulation/run.js";
import type { Fault, FaultKind, Outcome, Plan } from "../../src/plans/plan.js";
import { drawPlan, fewSessions, tinyLogs } from "./support/plans.js";

const quiet = { fullTrace: false };

function story({ failure, trace }: Outcome): string {
  return failure === undefined ? "" : `${failure.check}: ${failure.message}\n${trace.join("\n")}`;
}

function count({ injected }: Outcome, cell: string): number {
  return injected.get(cell) ?? 0;
}

const load = { clients: 3, keys: 4, pauseMs: 40 };
/** Whoever is a few entries behind is spared a snapshot. */
const longTail = { ...tinyLogs, maxLogBytes: 60_000 };

test("without faults, snapshots and sessions cost no answer", async () => {
  const outcome = await runClusterSimulation(
    {
      ...drawPlan(3, { safetyMs: 3000, nodes: 3, snapshots: longTail, sessions: fewSessions }),
      load,
      faults: [],
    },
    quiet,
  );
  expect(story(outcome)).toBe("");
  expect(outcome.operations.answered).toBeGreaterThan(100);
  expect(outcome.operations.unknown).toBeLessThan(outcome.operations.answered / 10);
  expect(outcome.snapshots).toMatchObject({ installs: 0, restores: 0 });
  expect(outcome.snapshots?.["captured"]).toBeGreaterThan(10);
  for (const cell of ["snapshot policy", "snapshot request", "session kept", "session executed"]) {
    expect(count(outcome, cell), cell).toBeGreaterThan(0);
  }
});

test("a follower that was away for long is sent a snapshot, and one that restarts begins with its own", async () => {
  const away = (kind: FaultKind, at: number): Fault => ({
    kind,
    at,
    role: "follower",
    phase: "serving",
    durationMs: 1_000,
    severity: 0.5,
  });
  const outcome = await runClusterSimulation(
    {
      ...drawPlan(3, { safetyMs: 4000, nodes: 3, snapshots: tinyLogs }),
      load,
      faults: [away("crash", 900), away("crash", 2_400)],
    },
    quiet,
  );
  expect(story(outcome)).toBe("");
  expect(outcome.snapshots?.["installs"]).toBeGreaterThan(0);
  expect(count(outcome, "install behind nothing")).toBeGreaterThan(0);
  expect(count(outcome, "snapshot restored")).toBeGreaterThan(0);
});

test("is the same for the same plan", async () => {
  const plan = drawPlan(8, {
    safetyMs: 1500,
    nodes: 3,
    snapshots: tinyLogs,
    sessions: fewSessions,
  });
  const [once, again] = [
    await runClusterSimulation(plan, { fullTrace: true }),
    await runClusterSimulation(plan, { fullTrace: true }),
  ];
  expect(again.trace).toEqual(once.trace);
  expect(again.hash).toBe(once.hash);
});

const effects: readonly (readonly [FaultKind, readonly string[]])[] = [
  ["slowSnapshots", ["snapshot slow"]],
  ["noRoom", ["snapshot noRoom"]],
  ["badReads", ["snapshot badReads"]],
  ["rottenSnapshot", ["snapshot refilled", "snapshot replayed"]],
  ["crash", ["snapshot restored"]],
];

test.each(effects)("%s takes effect on snapshots, and nothing breaks", async (kind, cells) => {
  let struck = 0;
  for (let seed = 1; seed <= 8 && struck === 0; seed++) {
    const nodes = seed % 2 === 0 ? 5 : 3;
    const kinds = [kind, "crash"] as const;
    const plan = drawPlan(seed, {
      safetyMs: 2500,
      nodes,
      kinds,
      everyMs: 150,
      snapshots: tinyLogs,
    });
    const outcome = await runClusterSimulation({ ...plan, load }, quiet);
    expect(story(outcome)).toBe("");
    for (const cell of cells) struck += count(outcome, cell);
  }
  expect(struck).toBeGreaterThan(0);
});

/** What is found within a few seeds in which nodes are away, crash and lose power. */
async function found(
  hands: Parameters<typeof simulate>[1],
  more: Partial<Plan> = {},
): Promise<string> {
  const kinds = ["crash", "powerCut", "partition"] as const;
  for (let seed = 1; seed <= 12; seed++) {
    const plan = drawPlan(seed, {
      safetyMs: 3000,
      nodes: 3,
      kinds,
      everyMs: 250,
      snapshots: tinyLogs,
      sessions: fewSessions,
    });
    const { failure } = await simulate({ ...plan, load, ...more }, hands);
    if (failure !== undefined) return failure.check;
  }
  return "nothing";
}

describe("a storage that lies about snapshots is found out:", () => {
  const isFolder = (path: string): boolean => path.includes("/snapshots");
  const lies: readonly (readonly [string, readonly string[], (real: FileSystem) => FileSystem])[] =
    [
      [
        "one that doesn't make their names durable",
        ["reset-bounds", "kept-promises", "storage"],
        (real) => ({
          ...real,
          syncDirectory: (path) => (isFolder(path) ? Promise.resolve() : real.syncDirectory(path)),
        }),
      ],
      [
        "one that doesn't make their data durable",
        ["reset-bounds", "kept-promises", "storage"],
        (real) => ({
          ...real,
          async open(path, mode) {
            const handle = await real.open(path, mode);
            return isFolder(path) ? { ...handle, datasync: () => Promise.resolve() } : handle;
          },
        }),
      ],
      [
        "one that doesn't find them again",
        ["storage", "failed"],
        (real) => ({
          ...real,
          list: async (path) => (isFolder(path) ? [] : real.list(path)),
        }),
      ],
    ];
  test.each(lies)("%s", async (_, checks, tamper) => {
    expect(checks).toContain(await found({ ...quiet, tamper }));
  });
});

describe("a state machine that is wrong is found out:", () => {
  const wrong: readonly (readonly [
    string,
    readonly string[],
    (machine: NodeMachine) => NodeMachine,
  ])[] = [
    [
      "one whose state is captured when it is written",
      ["snapshot-content"],
      (machine) => ({
        ...machine,
        async *snapshot() {
          if (machine.snapshot) yield* machine.snapshot();
        },
      }),
    ],
    [
      "one that writes less than its state",
      ["snapshot-content"],
      (machine) => ({
        ...machine,
        async *snapshot() {
          let last: Uint8Array | undefined;
          for await (const piece of machine.snapshot?.() ?? []) {
            if (last) yield last;
            last = piece;
          }
          if (last) yield last.subarray(0, last.length - 1);
        },
      }),
    ],
    [
      "one that restores nothing",
      ["restores", "state-hash"],
      (machine) => ({
        ...machine,
        async restore(source) {
          for await (const _ of source);
        },
      }),
    ],
    [
      "one that executes a command each time that it comes",
      ["sessions", "sessions-once"],
      (machine) => ({
        ...machine,
        apply(command, context) {
          if (command.length !== 4) return machine.apply(command, context);
          const result = machine.apply([command[3]] as never, context);
          return { ok: true, result } as never;
        },
      }),
    ],
    [
      "one that lets sessions live for ever",
      ["sessions"],
      (machine) => ({
        ...machine,
        apply: (command, context) => machine.apply(command, { ...context, elapsedMs: 0 }),
      }),
    ],
    [
      "one that forgets how much time has passed when it is restored",
      ["state-hash", "sessions"],
      (machine) => {
        let isRestored = false;
        return {
          ...machine,
          async restore(source, position) {
            await machine.restore?.(source, position);
            isRestored = true;
          },
          apply(command, context) {
            const elapsedMs = isRestored ? 0 : context.elapsedMs;
            return machine.apply(command, { ...context, elapsedMs });
          },
        };
      },
    ],
  ];
  test.each(wrong)("%s", async (_, checks, tamperMachine) => {
    expect(checks).toContain(await found({ ...quiet, tamperMachine }));
  });
});
