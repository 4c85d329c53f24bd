// The parts of the proof as data: what each runs, and how its figures are read from what it left.
// Knows nothing of how they are run.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

/**
 * @typedef {object} Ended
 * @property {string} output what it printed
 * @property {string} folder where it could leave files
 */

/**
 * @typedef {object} Part
 * @property {string} id
 * @property {string} what it shows, for the table
 * @property {(how: { quick: boolean; folder: string }) => readonly string[]} command
 * @property {NodeJS.ProcessEnv} [env] `{folder}` stands for the folder
 * @property {(ended: Ended) => string | undefined} figures undefined: it left none, and so proved
 * nothing
 */

/** @type {readonly Part[]} */
export const parts = [
  {
    id: "tests",
    what: "`npm test`'s tests",
    command: () => ["vitest", "run"],
    env: { RAFTKIT_TEST_SUMMARY: "{folder}/tests.json" },
    figures: ({ folder }) =>
      of(
        folder,
        "tests.json",
        ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`,
      ),
  },
  {
    id: "rules",
    what: "Raft's rules, one scenario each",
    command: () => ["node", "apps/proof/dist/cli/main.js", "rules"],
    figures: ({ output }) => lastLine(output),
  },
  {
    id: "simulate",
    what: "simulated clusters from seeds",
    command: ({ quick }) => [
      "node",
      "apps/proof/dist/cli/main.js",
      "simulate",
      "--seeds",
      quick ? "100" : "1000",
    ],
    figures: ({ output }) => linesLike(output, /^tier \d|^coverage|failure$|failed$/),
  },
  {
    id: "speed",
    what: "simulated seconds in a second of one core, five nodes under load",
    command: () => ["node", "apps/proof/dist/cli/main.js", "simulate", "--speed"],
    figures: ({ output }) => linesLike(output, /^tier \d/),
  },
  {
    id: "mutants",
    what: "one-place faults, and who notices",
    command: ({ quick, folder }) => [
      "node",
      "apps/proof/dist/cli/main.js",
      "mutants",
      "--json",
      join(folder, "mutants.json"),
      ...(quick ? ["--package", "raftkit"] : []),
    ],
    figures: ({ folder }) =>
      of(
        folder,
        "mutants.json",
        ({ mutants, killed, golden, survived, late, onlyGolden, slowestSeconds }) =>
          `${killed} of ${mutants} killed, ${golden} of them by golden texts alone, ${survived} survived, ${late} too late, ${onlyGolden} of a safety rule by golden texts alone; the slowest in ${Number(slowestSeconds).toFixed(0)} s`,
      ),
  },
  {
    id: "mutation",
    what: "StrykerJS over core",
    command: ({ quick }) => [
      "stryker",
      "run",
      ...(quick ? ["--mutate", "packages/core/src/quorum/majority.ts"] : []),
    ],
    figures: () => mutationScore("coverage/mutation/mutation.json"),
  },
  {
    id: "hazards",
    what: "the known hazards, each with its tests",
    command: ({ folder }) => [
      "node",
      "apps/proof/dist/cli/main.js",
      "hazards",
      "--json",
      join(folder, "hazards.json"),
    ],
    figures: ({ folder }) =>
      of(
        folder,
        "hazards.json",
        ({ hazards, caught, later, tests, withMutant }) =>
          `${caught} of ${hazards} caught by ${tests} tests, ${withMutant} with a mutant, ${later} of later parts`,
      ),
  },
  {
    id: "conformance",
    what: "every adapter against the conformance suites",
    command: ({ folder }) => [
      "vitest",
      "run",
      "conformance",
      "--reporter=json",
      `--outputFile=${join(folder, "conformance.json")}`,
    ],
    env: { RAFTKIT_WHOLE_SUITES: "1" },
    figures: ({ folder }) =>
      of(folder, "conformance.json", ({ numPassedTests = 0, numFailedTests, numPendingTests }) =>
        numPassedTests > 0
          ? `${numPassedTests} cases passed, ${numFailedTests} failed, ${numPendingTests} skipped`
          : undefined,
      ),
  },
  {
    id: "packages",
    what: "the packages as their users get them",
    command: () => ["node", "scripts/packages.mjs"],
    figures: ({ output }) => lastLine(output),
  },
  {
    id: "chaos",
    what: "real processes under every kind of fault",
    command: ({ quick, folder }) => [
      "node",
      "apps/cluster/dist/main.js",
      "chaos",
      "--seconds",
      quick ? "30" : "120",
      "--out",
      join(folder, "chaos-report"),
    ],
    figures: ({ folder }) => of(join(folder, "chaos-report"), "report.json", chaosFigures),
  },
];

/**
 * @param {string} folder
 * @param {string} file
 * @param {(content: Record<string, number>) => string | undefined} say
 * @returns {string | undefined}
 */
function of(folder, file, say) {
  const path = join(folder, file);
  return existsSync(path) ? say(JSON.parse(readFileSync(path, "utf8"))) : undefined;
}

/** @param {string} output @returns {string | undefined} */
function lastLine(output) {
  return stripVTControlCharacters(output).trim().split("\n").at(-1)?.trim() || undefined;
}

/**
 * Those that are like this, in one line. @param {string} output @param {RegExp} pattern @returns
 * {string | undefined}
 */
function linesLike(output, pattern) {
  return (
    stripVTControlCharacters(output)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => pattern.test(line))
      .join("; ") || undefined
  );
}

/** @param {any} report what chaos leaves as report.json @returns {string} */
function chaosFigures({ ok, totals, strikes, outages, recoveryMs, leadershipTerms }) {
  const faults = strikes.filter(
    (/** @type {{ tookEffect: boolean }} */ { tookEffect }) => tookEffect,
  );
  const kinds = new Set(faults.map((/** @type {{ kind: string }} */ { kind }) => kind)).size;
  const longestMs = Math.max(
    0,
    ...outages.map(
      (/** @type {{ fromMs: number; toMs: number }} */ { fromMs, toMs }) => toMs - fromMs,
    ),
  );
  return `${ok ? "linearizable, nothing acknowledged lost" : "FAILED"}; ${totals.done} operations answered, ${totals.refused} refused, ${totals.unknown} unknown; ${faults.length} faults of ${kinds} kinds, ${leadershipTerms} terms with a leader; longest without a write ${(longestMs / 1000).toFixed(1)} s; served again ${Math.round(recoveryMs)} ms after the last fault`;
}

/**
 * The score as StrykerJS defines it: of the mutants that are valid, how many were noticed. @param
 * {string} file @returns {string | undefined}
 */
export function mutationScore(file) {
  if (!existsSync(file)) return undefined;
  /** @type {{ files: Record<string, { mutants: { status: string }[] }> }} */
  const { files } = JSON.parse(readFileSync(file, "utf8"));
  const counts = Object.entries(files)
    .map(([path, { mutants }]) => {
      const valid = mutants.filter(({ status }) =>
        ["Killed", "Timeout", "Survived", "NoCoverage"].includes(status),
      ).length;
      const noticed = mutants.filter(
        ({ status }) => status === "Killed" || status === "Timeout",
      ).length;
      return { name: path.split("/").at(-1), valid, noticed };
    })
    .filter((one) => one.valid > 0)
    .toSorted((a, b) => a.noticed / a.valid - b.noticed / b.valid);
  const valid = counts.reduce((sum, one) => sum + one.valid, 0);
  const noticed = counts.reduce((sum, one) => sum + one.noticed, 0);
  if (valid === 0) return undefined;
  const percent = (/** @type {number} */ n, /** @type {number} */ total) =>
    `${((100 * n) / total).toFixed(1)} %`;
  return `${percent(noticed, valid)} of ${valid}; the lowest: ${counts
    .slice(0, 3)
    .map((one) => `${one.name} ${percent(one.noticed, one.valid)}`)
    .join(", ")}`;
}

/**
 * @param {readonly { part: Part; passed: boolean; figures: string; seconds: number }[]} results
 * @returns {string} a Markdown table, as the README quotes it
 */
export function tableOf(results) {
  const time = (/** @type {number} */ seconds) =>
    seconds < 60
      ? `${seconds.toFixed(0)} s`
      : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  const rows = results.map(
    ({ part, passed, figures, seconds }) =>
      `| ${part.what} | ${passed ? "" : "**FAILED** "}${figures.replaceAll("|", "/")} | ${time(seconds)} |`,
  );
  return ["| part | figures | time |", "|---|---|---|", ...rows].join("\n");
}
