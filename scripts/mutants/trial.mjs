// One mutant against those that may kill it, the quickest first: its package's own tests, golden
// texts last, then the scenarios of Raft's rules and whole clusters from seeds.
import { performance } from "node:perf_hooks";
import { putInto } from "./copy.mjs";
import { isGolden } from "./golden.mjs";
import { packageOf } from "./list.mjs";
import { runSeeds } from "./seeds.mjs";
import { runTests } from "./tests.mjs";

/** @typedef {import("./list.mjs").Mutant} Mutant */
/** @typedef {import("./reporter.mjs").Outcome} Outcome */

/** A mutant must be dead by then. */
export const LIMIT_MS = 60_000;

/**
 * @typedef {object} Verdict
 * @property {string} id
 * @property {string} why
 * @property {Mutant["rule"]} rule
 * @property {string | undefined} killer the first test, rule or seed that failed; undefined: it
 * survived
 * @property {boolean} golden the killer is a golden text: nothing else of the package noticed
 * @property {string} detail how the killer failed, or what else happened
 * @property {number} seconds
 */

/**
 * @param {string} folder a copy of the tree that nobody else uses
 * @param {Mutant} mutant
 * @param {object} how
 * @param {ReadonlyMap<string, Outcome>} how.baselines how the tests of each project went without a
 * fault
 * @param {string} [how.project] whose tests; its own package's by default
 * @param {boolean} how.tests whether tests run at all
 * @param {number} how.seeds how many seeds run where the tests don't notice; 0: none
 * @param {number} [how.limitMs] how long it may take
 * @param {{ putInto: typeof putInto; runTests: typeof runTests; runSeeds: typeof runSeeds }}
 * [how.tools] what does the work
 * @returns {Promise<Verdict>}
 */
export async function tryMutant(
  folder,
  mutant,
  {
    baselines,
    project = `packages/${packageOf(mutant)}`,
    tests,
    seeds,
    limitMs = LIMIT_MS,
    tools = { putInto, runTests, runSeeds },
  },
) {
  const startedAt = performance.now();
  const verdict = (/** @type {string | undefined} */ killer, /** @type {string} */ detail) => ({
    id: mutant.id,
    why: mutant.why,
    rule: mutant.rule,
    killer,
    golden: killer !== undefined && isGolden(killer),
    detail: detail.split("\n")[0] ?? "",
    seconds: (performance.now() - startedAt) / 1000,
  });
  const takeOut = tools.putInto(folder, mutant);
  const remarks = [];
  let golden;
  try {
    if (tests) {
      const baseline = baselines.get(project);
      const outcome = await tools.runTests(folder, project, {
        bail: true,
        durations: baseline?.durations ?? {},
        timeoutMs: limitMs,
      });
      const killer = outcome?.failed.find(({ name }) => baseline?.passed.includes(name));
      if (killer !== undefined) {
        if (mutant.rule === undefined || !isGolden(killer.name)) {
          return verdict(killer.name, killer.message);
        }
        golden = killer.name;
      } else if (!outcome) remarks.push(`the tests of ${project} didn't end`);
      else {
        remarks.push(
          ...outcome.timedOut.map((name) => `ran out of time: ${name}`),
          ...outcome.broken,
        );
      }
    }
    if (seeds > 0) {
      const { killer, message } = await tools.runSeeds(folder, mutant, {
        seeds,
        timeoutMs: limitMs - (performance.now() - startedAt),
      });
      if (killer !== undefined) return verdict(killer, message);
      remarks.push(message);
    }
    return verdict(golden, remarks.join("; "));
  } finally {
    takeOut();
  }
}
