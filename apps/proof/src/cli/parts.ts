// The parts of the whole proof: what each runs, and which figures of it are kept.
import { join } from "node:path";
import { chaosFigures, fromJson, lastLine, linesLike, mutationScore } from "./figures.js";

/** How a part ended. */
interface Ended {
  readonly output: string;
  /** Where it could leave files. */
  readonly folder: string;
}

export interface Part {
  readonly id: string;
  /** What it shows, for the table. */
  readonly what: string;
  readonly command: (how: {
    readonly quick: boolean;
    readonly folder: string;
  }) => readonly string[];
  /** `{folder}` stands for the folder. */
  readonly env?: Readonly<Record<string, string>>;
  /** undefined: it left none, and so proved nothing. */
  readonly figures: (ended: Ended) => string | undefined;
}

const cli = ["node", "apps/proof/dist/cli/main.js"];

export const parts: readonly Part[] = [
  {
    id: "tests",
    what: "`npm test`'s tests",
    command: () => ["vitest", "run"],
    env: { RAFTKIT_TEST_SUMMARY: "{folder}/tests.json" },
    figures: ({ folder }) =>
      fromJson(
        folder,
        "tests.json",
        ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`,
      ),
  },
  {
    id: "rules",
    what: "Raft's rules, one scenario each",
    command: () => [...cli, "rules"],
    figures: ({ output }) => lastLine(output),
  },
  {
    id: "simulate",
    what: "simulated clusters from seeds",
    command: ({ quick }) => [...cli, "simulate", "--seeds", quick ? "100" : "1000"],
    figures: ({ output }) => linesLike(output, / simulation: |^coverage|failure$|failed$/),
  },
  {
    id: "speed",
    what: "simulated seconds per second of one core, five nodes under load",
    command: () => [...cli, "simulate", "--speed"],
    figures: ({ output }) => linesLike(output, / simulation: /),
  },
  {
    id: "mutants",
    what: "source mutations in one place each, and what notices them",
    command: ({ quick, folder }) => [
      ...cli,
      "mutants",
      "--json",
      join(folder, "mutants.json"),
      ...(quick ? ["--package", "raftkit"] : []),
    ],
    figures: ({ folder }) =>
      fromJson(
        folder,
        "mutants.json",
        ({ mutants, killed, golden, survived, late, onlyGolden, slowestSeconds }) =>
          `${killed} of ${mutants} killed, ${golden} of them by goldens alone, ${survived} survived, ${late} too late, ${onlyGolden} of a safety rule by goldens alone; the slowest in ${Number(slowestSeconds).toFixed(0)} s`,
      ),
  },
  {
    id: "mutation",
    what: "StrykerJS over core",
    command: ({ quick }) => [
      "stryker",
      "run",
      "apps/proof/stryker.config.mjs",
      ...(quick ? ["--mutate", "packages/core/src/quorum/majority.ts"] : []),
    ],
    figures: () => mutationScore("coverage/mutation/mutation.json"),
  },
  {
    id: "hazards",
    what: "the known hazards, each with its tests",
    command: ({ folder }) => [...cli, "hazards", "--json", join(folder, "hazards.json")],
    figures: ({ folder }) =>
      fromJson(
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
      fromJson(
        folder,
        "conformance.json",
        ({ numPassedTests = 0, numFailedTests, numPendingTests }) =>
          numPassedTests > 0
            ? `${numPassedTests} cases passed, ${numFailedTests} failed, ${numPendingTests} skipped`
            : undefined,
      ),
  },
  {
    id: "packages",
    what: "the packages as users install them",
    command: () => [...cli, "packages"],
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
    figures: ({ folder }) => chaosFigures(join(folder, "chaos-report/report.json")),
  },
  {
    id: "long-tests",
    what: "tests that are too slow for `npm test`",
    command: () => ["vitest", "run"],
    env: { RAFTKIT_PROOF_TESTS: "1", RAFTKIT_TEST_SUMMARY: "{folder}/tests.json" },
    figures: ({ folder }) =>
      fromJson(folder, "tests.json", ({ passed, failed }) => `${passed} passed, ${failed} failed`),
  },
];
