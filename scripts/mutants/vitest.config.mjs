// How a package's tests run on a mutant: the workspace's own settings, the quickest files first,
// one process, nothing cached.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";
import workspace from "../../vitest.config.ts";

const name = process.env.RAFTKIT_MUTANT_PROJECT ?? "";
/**
 * How long each file took on the unchanged tree, in milliseconds. @type {Record<string, number>}
 */
const durations = JSON.parse(process.env.RAFTKIT_MUTANT_DURATIONS ?? "{}");

class QuickestFirst extends BaseSequencer {
  /**
   * @override
   * @param {import("vitest/node").TestSpecification[]} specifications
   */
  sort(specifications) {
    const cost = (/** @type {import("vitest/node").TestSpecification} */ { moduleId }) =>
      Object.entries(durations).find(([file]) => moduleId.endsWith(file))?.[1] ?? 0;
    return Promise.resolve(specifications.toSorted((a, b) => cost(a) - cost(b)));
  }
}

export default defineConfig({
  ...workspace,
  root: fileURLToPath(new URL("../..", import.meta.url)),
  cacheDir: fileURLToPath(new URL("../../node_modules/.vite", import.meta.url)),
  test: {
    ...workspace.test,
    reporters: [fileURLToPath(new URL("reporter.mjs", import.meta.url))],
    maxWorkers: 1,
    sequence: { sequencer: QuickestFirst },
    projects: (workspace.test?.projects ?? []).filter(
      (project) => typeof project === "object" && "test" in project && project.test?.name === name,
    ),
  },
});
