// Writes down how a run of tests on a mutant went, and ends it at the first test that fails by a
// check of its own. A test that ran out of time proves nothing; neither does a file that can't be
// loaded.
import { writeFileSync } from "node:fs";

/**
 * @typedef {object} Outcome
 * @property {readonly string[]} passed `file › test`
 * @property {readonly { readonly name: string; readonly message: string; readonly afterMs: number
 * }[]} failed in the order in which they failed
 * @property {readonly string[]} timedOut
 * @property {readonly string[]} broken what failed outside any test: files, hooks, unhandled errors
 * @property {Readonly<Record<string, number>>} durations of each file
 */

const startedAt = Date.now();

export default class MutantReporter {
  /** @type {string[]} */ #passed = [];
  /** @type {{ name: string; message: string; afterMs: number }[]} */ #failed = [];
  /** @type {string[]} */ #timedOut = [];
  /** @type {import("vitest/node").Vitest | undefined} */ #vitest;

  /** @param {import("vitest/node").Vitest} vitest */
  onInit(vitest) {
    this.#vitest = vitest;
  }

  /** @param {import("vitest/node").TestCase} test */
  onTestCaseResult(test) {
    const { state, errors } = test.result();
    const name = `${test.module.project.name}/${test.module.relativeModuleId.replace(/^.*?(?=test\/)/, "")} › ${test.fullName.replaceAll(" > ", " › ")}`;
    if (state === "passed") this.#passed.push(name);
    if (state !== "failed") return;
    const message = errors?.[0]?.message ?? "";
    if (/^(Test|Hook) timed out in/.test(message)) {
      this.#timedOut.push(name);
    } else {
      this.#failed.push({ name, message, afterMs: Date.now() - startedAt });
      if (process.env.RAFTKIT_MUTANT_BAIL === "1") {
        void this.#vitest?.cancelCurrentRun("test-failure");
      }
    }
  }

  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly import("vitest").SerializedError[]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    /** @type {Record<string, number>} */
    const durations = {};
    const broken = unhandled.map(({ message }) => message);
    for (const module of modules) {
      const { duration, collectDuration } = module.diagnostic();
      durations[`${module.project.name}/${module.relativeModuleId.replace(/^.*?(?=test\/)/, "")}`] =
        Math.round(duration + collectDuration);
      for (const owner of [module, ...module.children.allSuites()]) {
        broken.push(...owner.errors().map(({ message }) => message));
      }
    }
    const outcome = {
      passed: this.#passed,
      failed: this.#failed,
      timedOut: this.#timedOut,
      broken,
      durations,
    };
    writeFileSync(process.env.RAFTKIT_MUTANT_OUTCOME ?? "", JSON.stringify(outcome));
  }
}
