// A golden text notices every change of behaviour, right or wrong, and whoever writes the texts anew
// blesses it. So it counts as a killer of its own kind, and where a safety rule is at stake it does
// not count at all: something must assert the rule itself.

const GOLDEN_FILES = ["packages/core/test/scenarios.test.ts"];

/**
 * The rules whose breach loses or forks data. A mutant that names one must be noticed by something
 * other than a golden text.
 */
export const SAFETY_RULES = /** @type {const} */ ([
  "promises", // what a node answers rests on what its disk has
  "votes", // one vote a term, for a log that is up to date, counted in its term
  "commit", // only what a majority has, and of the own term
  "logMatching", // equal index and term: equal logs up to there
  "reads", // a read sees every write acknowledged before it
  "identity", // a data directory and a run speak for themselves alone
  "membership", // who counts is in the configuration
]);

/** @param {string} name a test, as `file › test`, or a file @returns {boolean} */
export function isGolden(name) {
  return GOLDEN_FILES.some((file) => name === file || name.startsWith(`${file} › `));
}

/**
 * Golden texts last, so that a kill by one of them says that nothing else of the package noticed;
 * otherwise the quickest first.
 * @param {string} path a test file, from anywhere
 * @param {Readonly<Record<string, number>>} durations of each, by its path from the root
 * @returns {number} what to sort by
 */
export function orderOf(path, durations) {
  if (GOLDEN_FILES.some((file) => path.endsWith(file))) return Number.MAX_VALUE;
  return Object.entries(durations).find(([file]) => path.endsWith(file))?.[1] ?? 0;
}
