// One mutant against those that may kill it, the quickest first: its package's own tests, golden
// texts last, then the scenarios of Raft's rules and whole clusters from seeds.
import { putInto } from "./copy.js";
import { isGolden } from "./golden.js";
import type { Mutant } from "./mutant.js";
import { packageOf } from "./mutant.js";
import type { Outcome } from "./reporter.js";
import { runSeeds } from "./seeds.js";
import { runTests } from "./tests.js";

/** A mutant must be dead by then. */
export const LIMIT_MS = 60_000;

export interface Verdict {
  readonly id: string;
  readonly why: string;
  readonly rule: Mutant["rule"] | undefined;
  /** The first test, rule or seed that failed; undefined: it survived. */
  readonly killer: string | undefined;
  /** The killer is a golden text: nothing else of the package noticed. */
  readonly golden: boolean;
  /** How the killer failed, or what else happened. */
  readonly detail: string;
  readonly seconds: number;
}

export interface TrialOptions {
  /** How the tests of each project went without a mutation. */
  readonly baselines: ReadonlyMap<string, Outcome>;
  /** Whose tests; its own package's by default. */
  readonly project?: string;
  /** Whether tests run at all. */
  readonly tests: boolean;
  /** How many seeds run where the tests don't notice; 0: none. */
  readonly seeds: number;
  /** How long it may take. */
  readonly limitMs?: number;
  /** What does the work. */
  readonly tools?: {
    readonly putInto: typeof putInto;
    readonly runTests: typeof runTests;
    readonly runSeeds: typeof runSeeds;
  };
}

/** @param folder a copy of the tree that nobody else uses */
export async function tryMutant(
  folder: string,
  mutant: Mutant,
  {
    baselines,
    project = `packages/${packageOf(mutant)}`,
    tests,
    seeds,
    limitMs = LIMIT_MS,
    tools = { putInto, runTests, runSeeds },
  }: TrialOptions,
): Promise<Verdict> {
  const startedAt = performance.now();
  const verdict = (killer: string | undefined, detail: string): Verdict => ({
    id: mutant.id,
    why: mutant.why,
    rule: mutant.rule,
    killer,
    golden: killer !== undefined && isGolden(killer),
    detail: detail.split("\n")[0] ?? "",
    seconds: (performance.now() - startedAt) / 1000,
  });
  const takeOut = tools.putInto(folder, mutant);
  const remarks: string[] = [];
  let golden: string | undefined;
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
