// Writes down how a run of tests on a mutant went, and ends it at the first test that fails by a
// check of its own. A test that ran out of time proves nothing; neither does a file that can't be
// loaded.
import { writeFileSync } from "node:fs";
import type { SerializedError } from "vitest";
import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node";

/** How a run went. Tests are named `file › test`. */
export interface Outcome {
  readonly passed: readonly string[];
  /** In the order in which they failed. */
  readonly failed: readonly Failure[];
  readonly timedOut: readonly string[];
  /** What failed outside any test: files, hooks, unhandled errors. */
  readonly broken: readonly string[];
  /** Of each file, in milliseconds. */
  readonly durations: Readonly<Record<string, number>>;
}

interface Failure {
  readonly name: string;
  readonly message: string;
  readonly afterMs: number;
}

const startedAt = Date.now();

export class MutantReporter implements Reporter {
  readonly #passed: string[] = [];
  readonly #failed: Failure[] = [];
  readonly #timedOut: string[] = [];
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestCaseResult(test: TestCase): void {
    const { state, errors } = test.result();
    const name = `${test.module.project.name}/${test.module.relativeModuleId.replace(/^.*?(?=test\/)/, "")} › ${test.fullName.replaceAll(" > ", " › ")}`;
    if (state === "passed") this.#passed.push(name);
    if (state !== "failed") return;
    const message = errors?.[0]?.message ?? "";
    if (/^(Test|Hook) timed out in/.test(message)) {
      this.#timedOut.push(name);
    } else {
      this.#failed.push({ name, message, afterMs: Date.now() - startedAt });
      if (process.env["RAFTKIT_MUTANT_BAIL"] === "1") {
        void this.#vitest?.cancelCurrentRun("test-failure");
      }
    }
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const durations: Record<string, number> = {};
    const broken = unhandled.map(({ message }) => message);
    for (const module of modules) {
      const { duration, collectDuration } = module.diagnostic();
      durations[`${module.project.name}/${module.relativeModuleId.replace(/^.*?(?=test\/)/, "")}`] =
        Math.round(duration + collectDuration);
      for (const owner of [module, ...module.children.allSuites()]) {
        broken.push(...owner.errors().map(({ message }) => message));
      }
    }
    const outcome: Outcome = {
      passed: this.#passed,
      failed: this.#failed,
      timedOut: this.#timedOut,
      broken,
      durations,
    };
    writeFileSync(process.env["RAFTKIT_MUTANT_OUTCOME"] ?? "", JSON.stringify(outcome));
  }
}
