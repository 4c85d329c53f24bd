// Core's tests for StrykerJS, which runs them in one process again and again: without the random
// networks, which take seconds for every mutant that reaches them. So what only those notice counts
// as survived: the score is a lower bound.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/** The sources that were changed, as in the workspace's own settings. */
const conditions = ["@raftkit/source", "module", "node", "development|production"];

/**
 * Most mutants fail a golden text, and the first failure ends the run: the slow properties are for the
 * others.
 */
class GoldensFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isGolden = ({ moduleId }: TestSpecification): boolean =>
      moduleId.endsWith("/goldens.test.ts");
    return files.toSorted((a, b) => Number(isGolden(b)) - Number(isGolden(a)));
  }
}

export default defineConfig({
  root: fileURLToPath(new URL("../../packages/core", import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/random-network.test.ts"],
    setupFiles: [
      fileURLToPath(new URL("../../packages/core/test/support/mutation-setup.ts", import.meta.url)),
    ],
    isolate: false,
    sequence: { sequencer: GoldensFirst },
    testTimeout: 30_000,
    retry: 0,
    passWithNoTests: false,
  },
});
