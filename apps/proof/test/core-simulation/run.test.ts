// The core simulation in the tests: a share of the seeds, the same run for the same seed
// everywhere, and bugs put between the nodes and the world, each of which a few seeds must find.
import type { Effect } from "@raftkit/core";
import { describe, expect, test } from "vitest";
import { cellsOf, kindsOf } from "../../src/plans/coverage.js";
import { planOf } from "../../src/plans/generate.js";
import { shrink } from "../../src/plans/shrink.js";
import { runPlan } from "../../src/core-simulation/run.js";
import type { Tamper } from "../../src/core-simulation/world.js";

describe("seeds", () => {
  const injected = new Set<string>();
  for (const first of [1, 11, 21, 31]) {
    test(`${first} to ${first + 9} show nothing wrong`, { timeout: 60_000 }, () => {
      for (let seed = first; seed < first + 10; seed++) {
        const outcome = runPlan(planOf(seed, "core"), { fullTrace: false });
        expect(
          outcome.failure,
          `npm run simulate -- --seed ${seed} --simulation core`,
        ).toBeUndefined();
        for (const cell of outcome.injected.keys()) injected.add(cell);
      }
    });
  }

  test("inject every kind of fault, and most of them into every role in every phase", () => {
    const cells = cellsOf(kindsOf("core"));
    const others = [...injected].filter((cell) => !cells.includes(cell));
    expect(others.filter((cell) => !/^(install|change|transfer|lease) /.test(cell))).toEqual([]);
    for (const kind of kindsOf("core")) {
      expect(
        [...injected].filter((cell) => cell.startsWith(`${kind} `)),
        kind,
      ).not.toEqual([]);
    }
    expect(injected.size).toBeGreaterThan(0.6 * cells.length);
  });
});

describe("the same seed", () => {
  test("gives the same run, told or not", () => {
    const quiet = runPlan(planOf(7, "core"), { fullTrace: false });
    const told = runPlan(planOf(7, "core"), { fullTrace: true });
    expect(told.hash).toBe(quiet.hash);
    expect(told.trace.length).toBeGreaterThan(100);
    expect(runPlan(planOf(7, "core"), { fullTrace: true }).trace).toEqual(told.trace);
    expect(runPlan(planOf(8, "core"), { fullTrace: false }).hash).not.toBe(quiet.hash);
  });
});

/** Replaces what a node asks for, effect by effect. */
function eachEffect(
  change: (effect: Effect, member: Parameters<Tamper>[0]) => readonly Effect[],
): Tamper {
  return (member, effects) => effects.flatMap((effect) => change(effect, member));
}

const bugs: readonly {
  readonly name: string;
  readonly checks: readonly string[];
  readonly tamper: Tamper;
}[] = [
  {
    name: "a vote that is never stored",
    checks: ["promises", "monotonic", "configuration-safety", "election-safety"],
    tamper: eachEffect((effect) =>
      effect.type === "persist"
        ? [
            {
              ...effect,
              operations: effect.operations.map((operation) =>
                operation.type === "hardState"
                  ? { ...operation, hardState: { ...operation.hardState, votedFor: null } }
                  : operation,
              ),
            },
          ]
        : [effect],
    ),
  },
  {
    name: "a vote for everyone who asks",
    checks: ["promises", "configuration-safety", "election-safety"],
    tamper: eachEffect((effect) =>
      effect.type === "send" && effect.message.type === "requestVoteReply"
        ? [{ ...effect, message: { ...effect.message, voteGranted: true } }]
        : [effect],
    ),
  },
  {
    name: "an acknowledgement of what is not durable",
    checks: ["promises", "quorum-durability", "installed-promises"],
    tamper: eachEffect((effect) =>
      effect.type === "send" &&
      effect.message.type === "appendEntriesReply" &&
      effect.message.success
        ? [{ ...effect, message: { ...effect.message, matchIndex: effect.message.verifiedIndex } }]
        : [effect],
    ),
  },
  {
    // The next true announcement is not above what was announced: that may be seen before a quorum
    // is asked for.
    name: "a commit index that doesn't wait for a quorum",
    checks: [
      "state-machine-safety",
      "quorum-durability",
      "leader-completeness",
      "monotonic",
      "failed",
    ],
    tamper: eachEffect((effect, { role, log }) =>
      effect.type === "committed" && role === "leader"
        ? [{ ...effect, commitIndex: log.lastIndex }]
        : [effect],
    ),
  },
  {
    name: "a proposal of unknown outcome that is called rejected",
    checks: ["refused"],
    tamper: eachEffect((effect) =>
      effect.type === "unknown"
        ? [{ type: "rejected", firstSeq: effect.firstSeq, count: effect.count, reason: "notSent" }]
        : [effect],
    ),
  },
  {
    name: "an acknowledgement in a term that is not durable",
    checks: ["promises"],
    tamper: eachEffect((effect, { disk }) =>
      effect.type === "send" &&
      effect.message.type === "appendEntriesReply" &&
      effect.message.success &&
      disk.currentTerm < effect.message.term
        ? [
            {
              ...effect,
              message: {
                ...effect.message,
                matchIndex: Math.min(effect.message.verifiedIndex, disk.log.lastIndex),
              },
            },
          ]
        : [effect],
    ),
  },
  {
    name: "a commit index that was announced before",
    checks: ["monotonic"],
    tamper: eachEffect((effect) => (effect.type === "committed" ? [effect, effect] : [effect])),
  },
  {
    name: "a snapshot from the leader that the state machine never gets",
    checks: ["monotonic", "state-hash", "liveness"],
    tamper: eachEffect((effect) => (effect.type === "restore" ? [] : [effect])),
  },
  {
    name: "a log that is compacted beyond its snapshot",
    checks: ["reset-bounds", "kept-promises"],
    tamper: eachEffect((effect, { log, lastApplied }) =>
      effect.type === "persist"
        ? [
            {
              ...effect,
              operations: effect.operations.map((operation) =>
                operation.type === "compactThrough" && lastApplied > operation.index
                  ? { ...operation, index: lastApplied, term: log.term(lastApplied) }
                  : operation,
              ),
            },
          ]
        : [effect],
    ),
  },
  {
    name: "a snapshot with a configuration that isn't the one at its index",
    checks: ["snapshot-content"],
    tamper: eachEffect((effect) =>
      effect.type === "commitSnapshot"
        ? [{ ...effect, position: { ...effect.position, configurationIndex: 2 } }]
        : [effect],
    ),
  },
  {
    name: "a read that is answered as of an earlier index",
    checks: ["real-time", "linearizability"],
    tamper: eachEffect((effect) =>
      effect.type === "readReady" ? [{ ...effect, index: 0 }] : [effect],
    ),
  },
];

describe("a bug is found:", () => {
  for (const { name, checks, tamper } of bugs) {
    test(name, { timeout: 60_000 }, () => {
      let failure: ReturnType<typeof runPlan>["failure"];
      for (let seed = 1; seed <= 40 && failure === undefined; seed++) {
        ({ failure } = runPlan(planOf(seed, "core"), { fullTrace: false, tamper }));
      }
      expect(checks).toContain(failure?.check);
    });
  }

  test("and its plan is shrunk to less that fails alike", { timeout: 60_000 }, async () => {
    const tamper = bugs[0]?.tamper;
    if (!tamper) throw new Error("there is no bug to shrink");
    const run = (plan: ReturnType<typeof planOf>): ReturnType<typeof runPlan> =>
      runPlan(plan, { fullTrace: false, tamper });
    const plan = Array.from({ length: 12 }, (_, i) => planOf(i + 1, "core")).find(
      (candidate) => candidate.faults.length > 5 && run(candidate).failure !== undefined,
    );
    if (!plan) throw new Error("no seed fails");
    const before = run(plan);
    const { plan: smaller, outcome } = await shrink(
      plan,
      before,
      (candidate) => Promise.resolve(run(candidate)),
      60,
    );
    expect(outcome.failure?.check).toBe(before.failure?.check);
    expect(run(smaller).failure).toEqual(outcome.failure);
    expect(smaller.faults.length).toBeLessThan(plan.faults.length / 2);
    expect(smaller.safetyMs).toBeLessThanOrEqual(plan.safetyMs);
  });
});

test("a node that lost its data directory may not stay silent: it stops for good, or the run fails", () => {
  const plan = {
    // One without operators: with them it would rejoin.
    ...planOf(3, "core"),
    nodes: 3,
    safetyMs: 2_000,
    faults: [
      { kind: "wipe", at: 500, role: "follower", phase: "serving", durationMs: 200, severity: 0 },
    ],
  } as const;
  expect(runPlan(plan, { fullTrace: false }).failure).toBeUndefined();
  const silent = eachEffect((effect, { incarnation }) =>
    effect.type === "failed" && incarnation.endsWith("-2") ? [] : [effect],
  );
  expect(runPlan(plan, { fullTrace: false, tamper: silent }).failure?.check).toBe("liveness");
});

describe("a fault counts for what it did:", () => {
  const lasting = { role: "leader", phase: "serving", durationMs: 1_000, severity: 0.99 } as const;
  const counted = (kinds: readonly ("partition" | "delay")[]): number => {
    const faults = kinds.map((kind) => ({ ...lasting, kind, at: 500 }));
    const { injected } = runPlan(
      { ...planOf(1, "core"), nodes: 2, safetyMs: 1_500, faults },
      { fullTrace: false },
    );
    return [...injected]
      .filter(([cell]) => cell.startsWith("delay "))
      .reduce((sum, [, count]) => sum + count, 0);
  };
  test("what is lost was not delayed", () => {
    expect(counted(["delay"])).toBeGreaterThan(0);
    expect(counted(["delay", "partition"])).toBeLessThan(counted(["delay"]) / 2);
  });
});
