// Operators in the cluster simulation: what their plans must bring about, and nodes that lie about
// members, leaderships and reads, which a few seeds must find out.
import { describe, expect, test } from "vitest";
import { MembershipChangeFailed } from "raftkit";
import { changeCases, changeCell, readCells } from "../../src/plans/coverage.js";
import type { Fault, FaultKind, Outcome, Plan } from "../../src/plans/plan.js";
import { runClusterSimulation, simulate } from "../../src/cluster-simulation/run.js";
import type { ClusterSimulationOptions } from "../../src/cluster-simulation/stage.js";
import { drawPlan, tinyLogs } from "./support/plans.js";
import { hasLeases, hasMembers, plansWith } from "../support/drawn-plans.js";

const quiet = { fullTrace: false };

async function cellsOf(plans: readonly Plan[]): Promise<ReadonlySet<string>> {
  const cells = new Set<string>();
  for (const plan of plans) {
    const { failure, injected }: Outcome = await runClusterSimulation(plan, quiet);
    expect(failure, `npm run simulate -- --seed ${plan.seed} --simulation cluster`).toBeUndefined();
    for (const cell of injected.keys()) cells.add(cell);
  }
  return cells;
}

test("members change through one call on any node, and every answer to it is true", async () => {
  const cells = await cellsOf(plansWith("cluster", 6, hasMembers));
  const reached = changeCases.filter((one) => cells.has(changeCell(one, "nothing")));
  expect(reached.length).toBeGreaterThan(4);
  for (const cell of ["call done", "call driverDied", "call certain", "joiner back"]) {
    expect(cells).toContain(cell);
  }
  expect(cells).toContain("transfer furthest done");
}, 120_000);

test("reads by lease are linearizable, others show the state that they name", async () => {
  const cells = await cellsOf(plansWith("cluster", 4, hasLeases));
  for (const cell of ["lease held", ...readCells]) expect(cells).toContain(cell);
}, 120_000);

interface Hard {
  readonly kinds: readonly FaultKind[];
  readonly everyMs?: number;
  readonly nodes: number;
  readonly founders?: number;
  readonly leaseDriftRate?: number;
  readonly snapshots?: Plan["snapshots"];
  /** What must come about within a few seeds. */
  readonly cells: readonly string[];
}

const hard: readonly (readonly [string, Hard])[] = [
  [
    "voters are replaced, the leader among them, while leaders are cut off and end",
    {
      kinds: ["replaceVoters", "removeLeader", "replaceVoters", "partition", "crash"],
      nodes: 5,
      founders: 3,
      cells: [
        "change replace nothing",
        "change leaderLeaves nothing",
        "change leaderLeaves newLeader",
      ],
    },
  ],
  [
    "members change while nodes take snapshots and are sent some",
    {
      kinds: ["addVoters", "changeLearners", "removeVoters", "crash", "crash", "partition"],
      everyMs: 120,
      nodes: 5,
      founders: 3,
      snapshots: { ...tinyLogs, requestMs: 60 },
      cells: ["change grow nothing", "install behind nothing", "snapshot restored"],
    },
  ],
  [
    "a cluster of two shrinks to one and grows again",
    {
      kinds: ["removeVoters", "addVoters", "crash"],
      nodes: 2,
      founders: 2,
      cells: ["change shrink nothing", "change grow nothing"],
    },
  ],
  [
    "nodes that were removed disturb nobody, and come back",
    {
      kinds: ["removeVoters", "removeLeader", "addVoters", "cutOneWay", "pause"],
      nodes: 4,
      founders: 4,
      cells: ["change shrink nothing", "change leaderLeaves nothing", "change grow nothing"],
    },
  ],
  [
    "voters whose disk is lost take their places back, a founder too, and nobody founds a second cluster",
    {
      kinds: ["wipe", "wipe", "wipe", "addVoters"],
      everyMs: 500,
      nodes: 4,
      founders: 3,
      cells: ["change rejoin nothing", "call done"],
    },
  ],
  [
    "leaderships go to the dead, the slow, and by leaders that close",
    {
      kinds: ["transfer", "crash", "slowDisk", "hungDisk", "transfer"],
      nodes: 3,
      cells: ["transfer dead calledOff", "transfer furthest done", "closing handedOver"],
    },
  ],
  [
    "leases end with clocks that drift, stop and are set, with transfers, and with restarts",
    {
      kinds: ["clockDrift", "clockStall", "clockJump", "partition", "transfer", "crash"],
      nodes: 3,
      leaseDriftRate: 0.05,
      cells: ["lease held", "lease drift", "lease void"],
    },
  ],
];

test.each(hard)(
  "%s",
  async (_, { cells, ...options }) => {
    const missing = new Set(cells);
    for (let seed = 1; seed <= 6 || (seed <= 12 && missing.size > 0); seed++) {
      const plan = drawPlan(seed, { safetyMs: 3000, everyMs: 200, ...options });
      const { failure, injected } = await runClusterSimulation(plan, quiet);
      expect(failure, `seed ${seed}`).toBeUndefined();
      for (const cell of injected.keys()) missing.delete(cell);
    }
    expect([...missing]).toEqual([]);
  },
  120_000,
);

test("a leader that is cut off and stands still answers nothing old by its lease", async () => {
  const faults: readonly Fault[] = [800, 2_000].flatMap((at) => {
    const leading = { at, role: "leader", phase: "serving", severity: 0 } as const;
    return [
      { ...leading, kind: "partition", durationMs: 900 },
      { ...leading, kind: "clockStall", durationMs: 500, lagMs: 10 },
    ];
  });
  const load = { clients: 8, keys: 2, pauseMs: 10 };
  for (const seed of [2, 3]) {
    const plan = drawPlan(seed, { safetyMs: 3_200, nodes: 3, leaseDriftRate: 0.05 });
    const { failure, injected } = await runClusterSimulation({ ...plan, load, faults }, quiet);
    expect(failure, `seed ${seed}`).toBeUndefined();
    expect(injected.get("lease void")).toBeGreaterThan(0);
  }
}, 120_000);

/** Changes that are often in doubt. */
const doubtful: readonly Plan[] = Array.from({ length: 12 }, (_, i) =>
  drawPlan(i + 1, {
    safetyMs: 3000,
    everyMs: 80,
    kinds: ["replaceVoters", "addVoters", "removeVoters", "partition", "crash", "hungDisk"],
    nodes: 5,
    founders: 3,
  }),
);

/** What is found within a few plans. */
async function found(
  plans: readonly Plan[],
  tamperNode: ClusterSimulationOptions["tamperNode"],
): Promise<string> {
  for (const plan of plans) {
    const { failure } = await simulate(plan, { ...quiet, ...(tamperNode && { tamperNode }) });
    if (failure !== undefined) return failure.check;
  }
  return "nothing";
}

describe("a node is found out", () => {
  const lies: readonly (readonly [
    string,
    string,
    readonly Plan[],
    NonNullable<ClusterSimulationOptions["tamperNode"]>,
  ])[] = [
    [
      "that says of a change which may still happen that it can't",
      "asked-changes",
      doubtful,
      (node) =>
        changed(node, {
          changeMembership: (to, options) =>
            node.changeMembership(to, options).catch((error: unknown) => {
              if (!(error instanceof MembershipChangeFailed)) throw error;
              throw new MembershipChangeFailed(error.reason, error.message, {
                ids: error.ids,
                mayHappen: false,
                configuration: error.configuration,
                configurationIndex: error.configurationIndex,
              });
            }),
        }),
    ],
    [
      "that says of a change that it is done when it has begun",
      "asked-changes",
      plansWith("cluster", 12, hasMembers),
      (node) =>
        changed(node, {
          changeMembership: (to, options) =>
            new Promise((resolve, reject) => {
              const onProgress = (): void => {
                const { configuration, configurationIndex } = node.status();
                if (configuration) resolve({ configuration, configurationIndex });
              };
              node.changeMembership(to, { ...options, onProgress }).then(resolve, reject);
            }),
        }),
    ],
    [
      "that answers reads by lease from what it has applied",
      "linearizability",
      plansWith("cluster", 12, hasLeases),
      (node) =>
        changed(node, {
          read: (query, options) =>
            options?.consistency === "lease"
              ? node.read(query, { ...options, consistency: "local" })
              : node.read(query, options),
        }),
    ],
    [
      "that answers reads of at least an index at once",
      "state-reads",
      plansWith("cluster", 12, hasMembers),
      (node) =>
        changed(node, {
          read: (query, options) =>
            typeof options?.consistency === "object"
              ? node.read(query, { ...options, consistency: "local" })
              : node.read(query, options),
        }),
    ],
    [
      "that says of a transfer that it came about, and by whom, when it was asked",
      "transfers",
      plansWith("cluster", 12, ({ faults }) => faults.some(({ kind }) => kind === "transfer")),
      (node) =>
        changed(node, {
          transferLeadership: (to, options) =>
            node
              .transferLeadership(to, options)
              .catch(() => ({ leaderId: node.id, term: node.status().term })),
        }),
    ],
  ];
  test.each(lies)(
    "%s",
    async (_, check, plans, tamperNode) => {
      expect(await found(plans, tamperNode)).toBe(check);
    },
    120_000,
  );
});

type KvNode = Parameters<NonNullable<ClusterSimulationOptions["tamperNode"]>>[0];

/** The same node with other methods. */
function changed(node: KvNode, methods: Partial<KvNode>): KvNode {
  return new Proxy(node, {
    get(target, name) {
      const own: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name);
      return typeof own === "function" ? (own.bind(target) as unknown) : own;
    },
  });
}
