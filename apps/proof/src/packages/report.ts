// What was proven of the packages so far: a line for each statement, and the counts.
import { capture } from "../processes.js";

const TIMEOUT_MS = 120_000;

/** How a command must end. */
export interface Expected {
  readonly status?: number;
  /** The last line that it prints. */
  readonly last?: RegExp;
  /** All that it prints. */
  readonly printed?: string | undefined;
}

export interface Report {
  /** @param detail printed below a statement that doesn't hold */
  readonly add: (statement: string, holds: boolean, detail: string) => void;
  /** Runs the command; the statement holds if it ends as expected. */
  readonly prove: (
    statement: string,
    command: readonly string[],
    cwd: string,
    expected?: Expected,
  ) => Promise<boolean>;
  readonly counts: { readonly proven: number; readonly failed: number };
}

export function createReport(): Report {
  const counts = { proven: 0, failed: 0 };
  const add: Report["add"] = (statement, holds, detail) => {
    if (holds) counts.proven++;
    else counts.failed++;
    const below = holds ? "" : `\n${detail.trim().replace(/^/gm, "      ")}`;
    console.log(`${holds ? "  ok" : "FAIL"}  ${statement}${below}`);
  };
  return {
    add,
    counts,
    async prove(statement, command, cwd, { status: wanted = 0, last = /(?:)/, printed } = {}) {
      const { status, output } = await capture(command, { cwd, timeoutMs: TIMEOUT_MS });
      const isAsSaid = printed === undefined || output.trimEnd() === printed;
      const holds =
        status === wanted && isAsSaid && last.test(output.trimEnd().split("\n").at(-1) ?? "");
      add(statement, holds, isAsSaid ? output : `${output}\nit says: ${printed}`);
      return holds;
    },
  };
}

/** Two at a time. */
export async function together(works: readonly (() => Promise<unknown>)[]): Promise<void> {
  const waiting = works.values();
  await Promise.all(
    [1, 2].map(async () => {
      for (const work of waiting) await work();
    }),
  );
}
