// What draws the charts of a chaos run's report: a script and its style, to be put into a page that
// loads nothing. It draws the figures in the page's element `figures` into its element `charts`.
import { readFile } from "node:fs/promises";

/** The same seen from `src` and from `dist`. */
const FOLDER = new URL("../dist/report/", import.meta.url);

export interface RunCharts {
  readonly script: string;
  readonly style: string;
}

/** @returns undefined: they aren't built */
export async function runCharts(): Promise<RunCharts | undefined> {
  try {
    const [script, style] = await Promise.all(
      ["report.js", "report.css"].map((name) => readFile(new URL(name, FOLDER), "utf8")),
    );
    return { script: script ?? "", style: style ?? "" };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
