// `proof all`: runs the whole proof, part after part, and ends with one table of figures.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { Option } from "commander";
import { capture } from "../processes.js";
import type { Done } from "./options.js";
import type { Part } from "./parts.js";
import { parts } from "./parts.js";

interface Options {
  readonly only?: readonly string[];
  readonly quick: boolean;
}

export interface Result {
  readonly part: Part;
  readonly passed: boolean;
  readonly figures: string;
  readonly seconds: number;
}

export function addAll(program: Command, done: Done, root: string): void {
  program
    .command("all")
    .summary("everything, with a table of figures at the end; the default")
    .description("Runs the whole proof, part after part, and ends with one table of figures.")
    .addOption(new Option("--only <part...>", "these parts").choices(parts.map(({ id }) => id)))
    .option("--quick", "fewer seeds, mutants and seconds, to see that everything works", false)
    .addHelpText(
      "after",
      `
Examples:
  npm run proof
  npm run proof -- --quick
  npm run proof -- --only rules hazards

Exit codes: 0 every part is proven; 1 one failed; 2 called wrongly.`,
    )
    .action(async ({ only, quick }: Options) => {
      const folder = join(root, "coverage/proof");
      const results: Result[] = [];
      for (const part of parts.filter(({ id }) => only?.includes(id) ?? true)) {
        results.push(await prove(part, { root, quick, folder: join(folder, part.id) }));
      }
      const table = tableOf(results);
      writeFileSync(join(folder, "table.md"), `${table}\n`);
      const failed = results.filter(({ passed }) => !passed).map(({ part }) => part.id);
      const which = failed.length === 0 ? "" : ` (${failed.join(", ")})`;
      console.log(
        `\n${table}\n\n${results.length - failed.length} parts proven, ${failed.length} failed${which}; logs in ${folder}`,
      );
      done(failed.length === 0 ? 0 : 1);
    });
}

async function prove(
  part: Part,
  {
    root,
    quick,
    folder,
  }: { readonly root: string; readonly quick: boolean; readonly folder: string },
): Promise<Result> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const startedAt = performance.now();
  const env = Object.entries(part.env ?? {}).map(([name, value]) => [
    name,
    value.replace("{folder}", folder),
  ]);
  const [tool = "", ...args] = part.command({ quick, folder });
  const local = tool === "node" ? process.execPath : join(root, "node_modules/.bin", tool);
  console.log(`${part.id}: ${[tool, ...args].join(" ")}`);
  const { status, output } = await capture([local, ...args], {
    cwd: root,
    env: { ...process.env, ...Object.fromEntries(env) },
  });
  const log = join(folder, "log.txt");
  writeFileSync(log, output);
  const found = part.figures({ output, folder });
  const passed = status === 0 && found !== undefined;
  const figures = found ?? "no figures";
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${passed ? "  ok" : "FAIL"}  ${figures} (${seconds.toFixed(0)} s)${passed ? "" : `; see ${log}`}`,
  );
  return { part, passed, figures, seconds };
}

/** @returns a Markdown table, as the README quotes it */
export function tableOf(results: readonly Result[]): string {
  const rows = results.map(({ part, passed, figures, seconds }) => {
    const cells = [
      part.what,
      `${passed ? "" : "**FAILED** "}${figures.replaceAll("|", "/")}`,
      durationText(seconds),
    ];
    return `| ${cells.join(" | ")} |`;
  });
  return ["| part | figures | time |", "|---|---|---|", ...rows].join("\n");
}

function durationText(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
