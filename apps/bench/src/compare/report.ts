// A comparison's report: the raw results, the tables, and the chart.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Results } from "./row.js";
import { tablesOf } from "./tables.js";

/** @returns the files' names */
export async function writeReport(results: Results, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const { drawComparison } = await import("./chart.js");
  const files = {
    "results.json": `${JSON.stringify(results, null, 2)}\n`,
    "tables.md": `${tablesOf(results)}\n`,
    "chart.svg": drawComparison(results.rows),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return Object.keys(files)
    .map((name) => join(directory, name))
    .join(", ");
}
