// One mutant against its package's own tests, the quickest first.
import { performance } from "node:perf_hooks";
import { putInto } from "./copy.mjs";
import { packageOf } from "./list.mjs";
import { runTests } from "./tests.mjs";

/** @typedef {import("./list.mjs").Mutant} Mutant */
/** @typedef {import("./reporter.mjs").Outcome} Outcome */

/** A mutant must be dead by then. */
export const LIMIT_MS = 60_000;

/**
 * @typedef {object} Verdict
 * @property {string} id
 * @property {string} why
 * @property {string | undefined} killer the first test that failed; undefined: it survived
 * @property {string} detail how the killer failed, or what else happened
 * @property {number} seconds
 */

/**
 * @param {string} folder a copy of the tree that nobody else uses
 * @param {Mutant} mutant
 * @param {ReadonlyMap<string, Outcome>} baselines how the tests of each project went without a fault
 * @param {string} [project] whose tests; its own package's by default
 * @returns {Promise<Verdict>}
 */
export async function tryMutant(folder, mutant, baselines, project = `packages/${packageOf(mutant)}`) {
  const startedAt = performance.now();
  const verdict = (/** @type {string | undefined} */ killer, /** @type {string} */ detail) => ({ id: mutant.id, why: mutant.why, killer, detail: detail.split("\n")[0] ?? "", seconds: (performance.now() - startedAt) / 1000 });
  const takeOut = putInto(folder, mutant);
  try {
    const baseline = baselines.get(project);
    const outcome = await runTests(folder, project, { bail: true, durations: baseline?.durations ?? {}, timeoutMs: LIMIT_MS });
    if (!outcome) return verdict(undefined, `the tests of ${project} didn't end`);
    const killer = outcome.failed.find(({ name }) => baseline?.passed.includes(name));
    if (killer) return verdict(killer.name, killer.message);
    return verdict(undefined, [...outcome.timedOut.map((name) => `ran out of time: ${name}`), ...outcome.broken].join("; "));
  } finally {
    takeOut();
  }
}
