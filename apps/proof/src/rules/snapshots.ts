// Logs that end, R28. On core alone, where the network loses and delays what it likes and a log may
// be as small as the scenario wants it.
import type { Effect } from "@raftkit/core";
import { runPlan } from "../core-simulation/run.js";
import type { NodeView } from "../invariants/view.js";
import type { Plan } from "../plans/plan.js";
import type { Scenario } from "./scenario.js";
import { check } from "./scenario.js";

/** Some forty entries; what no bound refuses may come on top: a leader's no-op, a configuration. */
const MAX_LOG_BYTES = 10_000;
const SLACK_BYTES = 1_000;

const [CUT_AT, CUT_MS] = [1_000, 2_500];

/**
 * Three nodes that write without a pause; one of them is cut off for long enough to be left behind.
 */
function planFor(seed: number): Plan {
  return {
    seed,
    simulation: "core",
    nodes: 3,
    safetyMs: CUT_AT + CUT_MS + 1_500,
    load: { clients: 6, keys: 3, pauseMs: 5 },
    snapshots: { maxLogBytes: MAX_LOG_BYTES, requestMs: 0, laneMs: 2, partBytes: 100, parts: 5 },
    faults: [
      {
        kind: "partition",
        at: CUT_AT,
        role: "follower",
        phase: "serving",
        durationMs: CUT_MS,
        severity: 0,
      },
    ],
  };
}

/** What each node did with snapshots. */
interface Course {
  longestLogBytes: number;
  baseIndex: number;
  parts: number;
  installs: number;
}

function watch(course: Course, { log }: NodeView, effects: readonly Effect[]): void {
  course.longestLogBytes = Math.max(
    course.longestLogBytes,
    log.bytes(log.lastIndex) - log.bytes(log.base.index),
  );
  course.baseIndex = log.base.index;
  for (const effect of effects) {
    if (effect.type === "writeSnapshot") course.parts++;
    else if (effect.type === "commitSnapshot") course.installs++;
  }
}

const r28: Scenario = {
  rule: "R28",
  name: "a log that outgrows its bound is compacted to a snapshot; a follower that fell behind it gets it, in parts",
  run(seed) {
    const courses = new Map<string, Course>();
    const { failure } = runPlan(planFor(seed), {
      fullTrace: false,
      tamper(node, effects) {
        let course = courses.get(node.id);
        if (!course) {
          course = { longestLogBytes: 0, baseIndex: 0, parts: 0, installs: 0 };
          courses.set(node.id, course);
        }
        watch(course, node, effects);
        return effects;
      },
    });
    // That everyone has applied the same and answers in the end is asked there, too.
    check(failure === undefined, `${failure?.check}: ${failure?.message}`);
    for (const [id, { baseIndex, longestLogBytes }] of courses) {
      check(baseIndex > 0, `${id} never compacted its log`);
      check(
        longestLogBytes <= MAX_LOG_BYTES + SLACK_BYTES,
        `${id}'s log grew to ${longestLogBytes} bytes, where ${MAX_LOG_BYTES} are its bound`,
      );
    }
    const installs = [...courses.values()].filter((course) => course.installs > 0);
    check(installs.length > 0, "nobody was sent a snapshot");
    check(
      installs.every(({ parts, installs: whole }) => parts >= 5 * whole),
      "a snapshot didn't travel in parts",
    );
    return Promise.resolve();
  },
  mutation: {
    file: "packages/core/src/operations/install-sending.ts",
    find: `  if (progress.nextIndex <= index) requestInstall(progress, index);\n`,
    replace: ``,
    why: "a follower that needs what was compacted is never sent a snapshot",
  },
};

export const snapshots: readonly Scenario[] = [r28];
