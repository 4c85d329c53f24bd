// How a package's tests run on a mutant: the workspace's own settings, the quickest files first
// and golden texts last, one process, nothing cached.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";
import workspace from "../../vitest.config.ts";
import { orderOf } from "./src/mutants/golden.ts";
import { MutantReporter } from "./src/mutants/reporter.ts";

const name = process.env["RAFTKIT_MUTANT_PROJECT"] ?? "";
/** How long each file took on the unchanged tree, in milliseconds. */
const durations: Readonly<Record<string, number>> = JSON.parse(
  process.env["RAFTKIT_MUTANT_DURATIONS"] ?? "{}",
);

class GoldenLast extends BaseSequencer {
  override sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(
      specifications.toSorted(
        (a, b) => orderOf(a.moduleId, durations) - orderOf(b.moduleId, durations),
      ),
    );
  }
}

export default defineConfig({
  ...workspace,
  root: fileURLToPath(new URL("../..", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../../node_modules/.vite", import.meta.url)),
  test: {
    ...workspace.test,
    reporters: [new MutantReporter()],
    maxWorkers: 1,
    sequence: { sequencer: GoldenLast },
    projects: (workspace.test?.projects ?? []).filter(
      (project) => typeof project === "object" && "test" in project && project.test?.name === name,
    ),
  },
});
