// Core's tests alone, for StrykerJS, which runs them in one process again and again.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The sources that were changed, as in the workspace's own settings. */
const conditions = ["@raftkit/source", "module", "node", "development|production"];

export default defineConfig({
  root: fileURLToPath(new URL("../../packages/core", import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ["test/**/*.test.ts"], testTimeout: 30_000, retry: 0, passWithNoTests: false },
});
