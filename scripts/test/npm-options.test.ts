// Options that npm kept for itself: each of ours is noticed, and the line to type is right.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createProgram as createCluster } from "../../apps/cluster/src/cli/program.js";
import { createProgram } from "../../apps/proof/src/cli/program.js";
import { keptByNpm, optionsOf } from "../npm-options.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `args`: what npm passes on; `env`: what it keeps. */
const line = (task: string, args: string[], env: Record<string, string>): string | undefined =>
  keptByNpm(task, args, env)?.replace(/^.*type two more dashes: /, "");

describe("what npm kept", () => {
  test.each([
    ["start", [], { npm_config_fresh: "true" }, "npm start -- --fresh"],
    ["start", [], { npm_config_nodes: "5" }, "npm start -- --nodes 5"],
    ["start", ["5"], { npm_config_nodes: "true" }, "npm start -- --nodes 5"],
    ["start", ["debug"], { npm_config_log_level: "true" }, "npm start -- --log-level debug"],
    [
      "start",
      ["3"],
      { npm_config_fresh: "true", npm_config_nodes: "true" },
      "npm start -- --nodes 3 --fresh",
    ],
    // Which of two values is whose can't be known.
    [
      "start",
      ["5", "warn"],
      { npm_config_nodes: "true", npm_config_log_level: "true" },
      "npm start -- --nodes N --log-level LEVEL",
    ],
    [
      "start",
      ["--codec", "json"],
      { npm_config_nodes: "5" },
      "npm start -- --nodes 5 --codec json",
    ],
    ["chaos", ["5"], { npm_config_seconds: "true" }, "npm run chaos -- --seconds 5"],
    ["verify", ["chaos-report"], {}, undefined],
    ["mutants", [], { npm_config_package: "core" }, "npm run mutants -- --package core"],
    [
      "proof",
      ["simulate", "5"],
      { npm_config_seeds: "true" },
      "npm run proof -- simulate --seeds 5",
    ],
    ["proof", [], { npm_config_quick: "true" }, "npm run proof -- --quick"],
    [
      "test",
      ["packages/core"],
      { npm_config_project: "true" },
      "npm test -- --project packages/core",
    ],
    // The line that was to be typed, under an npm that still says the same.
    ["mutants", ["--package", "core"], { npm_config_package: "core" }, undefined],
    ["start", ["--nodes=5"], { npm_config_nodes: "5" }, undefined],
    // `--no-fresh`, and what npm says of itself.
    ["start", [], { npm_config_fresh: "", npm_config_cache: "/x", npm_config_yes: "" }, undefined],
    ["nothing", [], { npm_config_fresh: "true" }, undefined],
  ])("%s %j %j", (task, args, env, expected) => {
    expect(line(task, args, env)).toBe(expected);
  });
});

test.each([["bench", "apps/bench/src/program.ts", /"--([a-z-]+) /g]])(
  "every option of %s is one that would be noticed",
  (task, file, pattern) => {
    const source = readFileSync(join(root, file), "utf8");
    const named = new Set([...source.matchAll(pattern)].map(([, name = ""]) => name));
    expect([...named].toSorted()).toEqual(Object.keys(optionsOf[task] ?? {}).toSorted());
  },
);

test.each([
  ["start", "up"],
  ["chaos", "chaos"],
  ["verify", "verify"],
])("every option of %s is one that would be noticed", (task, name) => {
  const nothing = (): void => {};
  const { commands } = createCluster({
    program: "",
    command: [],
    actions: {} as Parameters<typeof createCluster>[0]["actions"],
    print: nothing,
    complain: nothing,
  });
  const options = commands.find((command) => command.name() === name)?.options ?? [];
  const named = options.map((option) => option.name());
  expect(named.toSorted()).toEqual(Object.keys(optionsOf[task] ?? {}).toSorted());
});

test.each(
  createProgram(() => {}, "")
    .commands.filter(({ options }) => options.length > 0)
    .map((command) => [command.name(), command] as const),
)("every option of the proof's %s is one that would be noticed", (name, { options }) => {
  const named = options.map(({ long }) => long?.replace("--", "") ?? "");
  const task = name === "all" ? "proof" : name;
  expect(named.toSorted()).toEqual(Object.keys(optionsOf[task] ?? {}).toSorted());
});
