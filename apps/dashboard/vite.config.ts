// How the page is built, and with `--mode report` what draws the charts of a chaos run's report: one
// script and its style. Both take the sources of what is shared with the playground, so that what is
// shown is never an old build.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import type { BuildEnvironmentOptions } from "vite";

const PAGE: BuildEnvironmentOptions = {
  outDir: "../../dist/page",
  modulePreload: { polyfill: false },
  // The policy lets nothing in but files.
  assetsInlineLimit: 0,
};

const REPORT: BuildEnvironmentOptions = {
  outDir: "../../dist/report",
  lib: {
    entry: "report.tsx",
    formats: ["iife"],
    name: "raftkitReport",
    fileName: () => "report.js",
    cssFileName: "report",
  },
};

export default defineConfig(({ mode }) => ({
  root: fileURLToPath(new URL("src/page", import.meta.url)),
  base: "./",
  resolve: { conditions: ["@raftkit/source", "module", "browser", "development|production"] },
  build: { ...(mode === "report" ? REPORT : PAGE), emptyOutDir: true, target: "es2022" },
}));
