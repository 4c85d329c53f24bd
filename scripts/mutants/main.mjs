// Proves the tests: puts one fault after another into a private copy of the packages and names the
// first test, rule or seed that notices. `npm run mutants`; exits with 1 when a mutant survives, dies
// too late, or breaks a safety rule and only a golden text notices. The working tree is never
// touched.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import "../last-line.mjs";
import { copyPackages, removeCopy } from "./copy.mjs";
import { fatal, harmless, mutants, packageOf } from "./list.mjs";
import { summarize, verdictLine } from "./report.mjs";
import { runTests } from "./tests.mjs";
import { LIMIT_MS, tryMutant } from "./trial.mjs";
import { compileAll } from "./types.mjs";

/** @typedef {import("./list.mjs").Mutant} Mutant */
/** @typedef {import("./reporter.mjs").Outcome} Outcome */
/** @typedef {import("./trial.mjs").Verdict} Verdict */

const help = `npm run mutants -- [--only ID]... [--package NAME] [--list] [--simulation] [--seeds 200] [--json FILE]
  --only ID       this mutant; may be repeated
  --package NAME  those of one package: core, raftkit, storage-file, transport-http, transport-tcp
  --list          say which mutants there are
  --simulation    only seeds: what do simulated clusters notice without the packages' own tests? Survivors are no failure then
  --seeds N       how many seeds where the tests don't notice; 200 by default
  --json FILE     the verdicts, for other programs`;
const WORKERS = 2;
const root = fileURLToPath(new URL("../..", import.meta.url));
const options = readOptions();
const chosen = mutants.filter(
  (mutant) =>
    (options.only?.includes(mutant.id) ?? true) &&
    (options.package === undefined || options.package === packageOf(mutant)),
);
const missing = options.only?.find((id) => !mutants.some((mutant) => mutant.id === id));

if (options.help === true) console.log(help);
else if (missing !== undefined) fail(`no mutant "${missing}"; --list names them all`, 2);
else if (chosen.length === 0) {
  fail(
    `no mutant is in the package "${options.package}"${options.only === undefined ? "" : " and named by --only"}; --list names them all`,
    2,
  );
} else if (!/^[1-9]\d{0,6}$/.test(options.seeds)) {
  fail(`--seeds: given ${JSON.stringify(options.seeds)}; allowed: a whole number from 1`, 2);
} else if (options.list === true) {
  for (const { id, file, why } of chosen) console.log(`${id.padEnd(18)} ${file}: ${why}`);
} else await main();

/** What can't be understood ends the command here, with one line and the help. */
function readOptions() {
  try {
    return parseArgs({
      options: {
        only: { type: "string", multiple: true },
        package: { type: "string" },
        list: { type: "boolean" },
        simulation: { type: "boolean" },
        seeds: { type: "string", default: "200" },
        json: { type: "string" },
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${help}`);
    process.exit(2);
  }
}

async function main() {
  const folders = Array.from({ length: WORKERS }, () => copyPackages(root));
  process.once("exit", () => folders.forEach(removeCopy));
  const startedAt = Date.now();
  const scratch = copyPackages(root);
  const errors = await compileAll(scratch, [...chosen, fatal, harmless]).finally(() =>
    removeCopy(scratch),
  );
  if (errors !== "") {
    console.error(errors);
    return fail("failed before its verdict: a mutant doesn't compile, see above");
  }
  console.log(`${chosen.length} mutants compile`);

  const baselines = await runBaselines(folders);
  if (!baselines) return;
  const tests = options.simulation !== true;
  if (tests && !(await checkHarness(folders, baselines))) return;

  /** @type {Verdict[]} */
  const verdicts = [];
  await inEach(folders, chosen, async (folder, mutant) => {
    const verdict = await tryMutant(folder, mutant, {
      baselines,
      tests,
      seeds: Number(options.seeds),
    });
    verdicts.push(verdict);
    console.log(line(verdict));
  });
  report(verdicts, Date.now() - startedAt);
}

/**
 * The tests on the unchanged tree: what fails there can't kill. @param {readonly string[]} folders
 */
async function runBaselines(folders) {
  /** @type {Map<string, Outcome>} */
  const baselines = new Map();
  /** @type {string[]} */
  const bad = [];
  const projects =
    options.simulation === true
      ? []
      : new Set([
          ...chosen.map((mutant) => `packages/${packageOf(mutant)}`),
          "packages/core",
          "packages/raftkit",
        ]);
  await inEach(folders, [...projects], async (folder, project) => {
    const outcome = await runTests(folder, project, {
      bail: false,
      durations: {},
      timeoutMs: 4 * LIMIT_MS,
    });
    const wrong = outcome
      ? [
          ...outcome.failed.map(({ name, message }) => `${name}: ${message}`),
          ...outcome.timedOut,
          ...outcome.broken,
        ]
      : ["it didn't end"];
    if (outcome && wrong.length === 0 && outcome.passed.length > 0) {
      baselines.set(project, outcome);
      console.log(`${project}: ${outcome.passed.length} tests pass without a fault`);
      return;
    }
    bad.push(`${project} fails without any fault: ${wrong.join("; ") || "no test ran"}`);
  });
  if (bad.length === 0) return baselines;
  // After all others have had their say: the last line is the reason.
  for (const one of bad) console.error(one);
  fail(`failed before its verdict: ${bad.map((one) => one.split("\n")[0]).join("; ")}`);
  return undefined;
}

/** @param {readonly string[]} folders @param {ReadonlyMap<string, Outcome>} baselines */
async function checkHarness(folders, baselines) {
  const [a = "", b = ""] = folders;
  // Of a fault that is none every test runs: that takes as long as it takes.
  const alone = { baselines, tests: true, seeds: 0, limitMs: 4 * LIMIT_MS };
  const [dead, alive] = await Promise.all([
    tryMutant(a, fatal, { ...alone, project: "packages/raftkit" }),
    tryMutant(b, harmless, alone),
  ]);
  if (dead.killer !== undefined && alive.killer === undefined && alive.detail === "") {
    console.log(
      `the harness sees a fatal fault, from another package, and no fault where there is none\n  ${line(dead)}`,
    );
    return true;
  }
  console.error(`  ${line(dead)}\n  ${line(alive)}`);
  fail(
    "failed before its verdict: the harness is wrong, a fatal fault must be killed and a changed comment survive, see above",
  );
  return false;
}

/**
 * @template Item
 * @param {readonly string[]} folders
 * @param {readonly Item[]} items
 * @param {(folder: string, item: Item) => Promise<void>} work
 */
async function inEach(folders, items, work) {
  const waiting = items.values();
  await Promise.all(
    folders.map(async (folder) => {
      for (const item of waiting) await work(folder, item);
    }),
  );
}

/** @param {Verdict} verdict */
function line(verdict) {
  return verdictLine(verdict, LIMIT_MS);
}

/** @param {readonly Verdict[]} verdicts @param {number} tookMs */
function report(verdicts, tookMs) {
  const { figures, wrong, lines, failed } = summarize(verdicts, {
    limitMs: LIMIT_MS,
    tookMs,
    survivorsAllowed: options.simulation === true,
  });
  for (const { id, why, detail } of wrong) {
    console.log(
      `\n${id}: ${why}\n  ${chosen.find((mutant) => mutant.id === id)?.file ?? ""}\n  ${detail}`,
    );
  }
  if (options.json !== undefined) {
    writeFileSync(options.json, JSON.stringify({ ...figures, verdicts }, undefined, 2));
  }
  for (const text of lines) console.log(text);
  process.exitCode = failed ? 1 : 0;
}

/** @param {string} message @param {number} [status] */
function fail(message, status = 1) {
  console.error(message);
  process.exitCode = status;
}
