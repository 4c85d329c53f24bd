// The stage of a run: a simulated cluster, its time, its trace, and what was broken first.
import type { SeededRandom, VirtualTime } from "@raftkit/simulation";
import { createRandom, createTrace, createVirtualTime } from "@raftkit/simulation";
import { createCoverage } from "../plans/coverage.js";
import type { Outcome, Plan } from "../plans/plan.js";
import type { Cluster, Tampering } from "./cluster.js";
import { createCluster } from "./cluster.js";

/**
 * More events than this in one simulated millisecond: messages beget messages, and time would
 * hardly go on.
 */
const EVENTS_PER_MS_MAX = 20_000;
const LINES_KEPT = 60;

export interface ClusterSimulationOptions extends Tampering {
  readonly fullTrace: boolean;
}

export interface Stage extends Omit<Cluster, "watch" | "snapshots"> {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly broken: (check: string, message: string) => void;
  /** Nothing was broken so far. */
  readonly isSound: boolean;
  /** All have applied the same entries: then they have the same state. */
  compare(): void;
  /** Ends early when something is broken. */
  runUntil(until: number, done: () => boolean): Promise<void>;
  outcome(): Outcome;
}

export function createStage(plan: Plan, options: ClusterSimulationOptions): Stage {
  const random = createRandom(plan.seed);
  const time = createVirtualTime();
  const trace = createTrace(options.fullTrace ? Infinity : LINES_KEPT);
  const note = (line: string, detail?: () => string): void =>
    trace.record(time.now(), line, detail);
  let failure: Outcome["failure"];
  function broken(check: string, message: string): void {
    if (failure !== undefined) return;
    failure = { check, message };
    note(`BROKEN ${check}: ${message}`);
  }
  const coverage = createCoverage();
  const run = { random, time, coverage, note, broken };
  const { watch, snapshots, ...cluster } = createCluster(plan, run, options);
  const { computers, clients } = cluster;

  return {
    ...cluster,
    time,
    random,
    broken,
    get isSound() {
      return failure === undefined;
    },
    async runUntil(until, done) {
      let windowEnd = time.now() + 1;
      let events = 0;
      const goesOn = (): boolean => {
        if (time.now() >= windowEnd) [windowEnd, events] = [time.now() + 1, 0];
        else if (++events > EVENTS_PER_MS_MAX) {
          broken("progress", `more than ${EVENTS_PER_MS_MAX} events within a millisecond`);
        }
        return failure === undefined && !done();
      };
      if (!(await time.run(until, goesOn))) time.advanceTo(until);
    },
    compare: () => watch.compare(computers),
    outcome: () => ({
      plan,
      hash: trace.hash(),
      virtualMs: time.now(),
      injected: coverage.cells(),
      snapshots: { ...snapshots.counts },
      operations: { ...clients.counts },
      failure,
      trace: trace.lines(),
    }),
  };
}
