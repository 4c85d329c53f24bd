// The parts of the proof that are programs of others: what follows their name goes to the program.
import type { Command } from "commander";
import { runTool } from "../processes.js";
import type { Done } from "./options.js";

interface Tool {
  readonly name: string;
  readonly summary: string;
  /** What Node runs, from the root of the repository, and its first arguments. */
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly example: string;
}

const tools: readonly Tool[] = [
  {
    name: "mutation",
    summary: "StrykerJS over core; its options may follow",
    command: [
      "node_modules/@stryker-mutator/core/bin/stryker.js",
      "run",
      "apps/proof/stryker.config.mjs",
    ],
    example: "npm run proof -- mutation --mutate packages/core/src/quorum/majority.ts",
  },
  {
    name: "conformance",
    summary: "every adapter against the conformance suites; Vitest's options may follow",
    command: [
      "--import",
      "./apps/proof/dist/cli/vitest-options.js",
      "node_modules/vitest/vitest.mjs",
      "run",
      "conformance",
    ],
    env: { RAFTKIT_WHOLE_SUITES: "1" },
    example: "npm run proof -- conformance --project packages/storage-file",
  },
  {
    name: "chaos",
    summary: "real processes under every kind of fault; its options may follow",
    command: ["apps/cluster/dist/main.js", "chaos"],
    example: "npm run proof -- chaos --seconds 60",
  },
];

export function addTools(program: Command, done: Done, root: string): void {
  for (const { name, summary, command, env, example } of tools) {
    program
      .command(name)
      .summary(summary)
      .argument("[args...]", "what follows goes to the program")
      .allowUnknownOption()
      .addHelpText(
        "after",
        `\nExample:\n  ${example}\n\nExit codes: 0 all held; others are the program's.`,
      )
      .action(async (args: readonly string[]) => {
        const tool = [process.execPath, ...command, ...args];
        done(await runTool(tool, { cwd: root, env: { ...process.env, ...env } }));
      });
  }
}
