// The command line as a function: arguments and where to print come in, the exit code goes out.
import { RaftkitError } from "@raftkit/core";
import { failed, formatResult, formatSummary, formatUntried } from "../report.js";
import { runSuite } from "../run.js";
import type { CaseResult, Suite } from "../suite.js";
import { suites } from "../suites.js";
import { USAGE, UsageError, readArguments } from "./arguments.js";
import type { Call } from "./arguments.js";
import { loadTarget } from "./load.js";

/** Where the command line prints, and the folder that paths start from. */
export interface Surroundings {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  readonly folder: string;
}

const [OK, FAILED, USAGE_ERROR] = [0, 1, 2] as const;

/** @returns the exit code: 0 no case failed, 1 one did, 2 called wrongly */
export async function runCommandLine(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  try {
    const call = readArguments(args);
    if (call === undefined) surroundings.print(USAGE);
    return call === undefined ? OK : await carryOut(call, suites[call.suite] ?? [], surroundings);
  } catch (error) {
    const known =
      error instanceof UsageError ||
      (error instanceof RaftkitError && error.code.startsWith("CONFORMANCE_UNKNOWN_"));
    if (!known) throw error;
    surroundings.complain(`raftkit-conformance: ${error.message}`);
    return USAGE_ERROR;
  }
}

async function carryOut(
  { suite: suiteName, module, only, bail, timeoutMs, json }: Call,
  suite: Suite<unknown>,
  { print, folder }: Surroundings,
): Promise<number> {
  if (module === undefined) {
    print(json ? JSON.stringify(suite, null, 2) : suite.map(listed).join("\n"));
    return OK;
  }
  const target = await loadTarget(module, folder, suiteName);
  const results = await runSuite(suite, target, {
    only,
    bail,
    timeoutMs,
    onResult: (result) => {
      if (!json) print(formatResult(result));
    },
  });
  const untried = formatUntried(results);
  if (!json && untried !== "") print(untried);
  print(
    json
      ? JSON.stringify({ target: target.name, results: results.map(asJson) }, null, 2)
      : formatSummary(results),
  );
  return failed(results) ? FAILED : OK;
}

function listed({ id, title, rule, requires, capabilities }: Suite<unknown>[number]): string {
  const notes = [
    ...(requires.length > 0 ? [`builds on ${requires.join(", ")}`] : []),
    ...(capabilities.length > 0 ? [`needs ${capabilities.join(", ")}`] : []),
  ];
  return [`${id}  ${title}`, `    rule:  ${rule}`, ...notes.map((note) => `    ${note}`)].join(
    "\n",
  );
}

/** An error's own properties aren't enumerable. */
function asJson(result: CaseResult): object {
  return result.outcome === "failed"
    ? { ...result, error: { message: result.error.message, stack: result.error.stack } }
    : result;
}
