// `chaos` and `verify` as commands: directories, the report's files, and what is printed. They
// return the exit code.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import type { Paint } from "@raftkit-app/command-line";
import { runCharts } from "@raftkit-app/dashboard";
import type { ChaosOptions } from "./options.js";
import type { Check } from "./checks/check.js";
import { REPORT_HTML, REPORT_JSON, takeOutDirectory } from "./out-directory.js";
import { reportPage } from "./report/report-page.js";
import { checksText, reportText, verdictLine } from "./report/report-text.js";
import { runChaos } from "./run.js";
import { verify } from "./verify.js";

export interface VerdictContext {
  readonly print: (text: string) => void;
  /** What is said meanwhile, if the result is to be read by a program. */
  readonly printAside: (text: string) => void;
  readonly paint: Paint;
}

export interface ChaosContext extends VerdictContext {
  readonly serverCommand: readonly string[];
  /** How this program was started, for what a user may do next. */
  readonly program: string;
  readonly signal: AbortSignal;
}

/**
 * @returns the exit code @throws {ClusterError} it could not start; what the signal was aborted
 * with
 */
export async function chaosCommand(options: ChaosOptions, context: ChaosContext): Promise<number> {
  const out = resolve(options.out);
  const release = takeOutDirectory(out);
  try {
    return await runInto(out, options, context);
  } finally {
    release();
  }
}

async function runInto(
  out: string,
  options: ChaosOptions,
  { serverCommand, program, signal, paint, ...context }: ChaosContext,
): Promise<number> {
  const print = options.json ? context.printAside : context.print;
  const temporary = options.keep ? "" : mkdtempSync(join(tmpdir(), "raftkit-chaos-"));
  const data = options.keep ? join(out, "data") : temporary;
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const report = await runChaos(options, { serverCommand, out, data, temporary, signal, print });
  writeFileSync(join(out, REPORT_JSON), `${JSON.stringify(report, undefined, 2)}\n`, {
    mode: 0o600,
  });
  writeFileSync(join(out, REPORT_HTML), reportPage(report, await runCharts()), { mode: 0o600 });
  print(reportText(report, paint));
  print(`report      ${shown(join(out, REPORT_HTML))}`);
  print(
    `same faults ${program} chaos --seed ${report.seed} --nodes ${report.nodes} --seconds ${report.secondsAsked}`,
  );
  print(`same checks ${program} verify ${shown(out)}`);
  if (options.json) {
    const { ok, seed, checks } = report;
    context.print(jsonText({ ok, seed, checks, report: join(out, REPORT_JSON) }));
  } else print(verdictLine(report.ok, report.checks, paint));
  return report.ok ? 0 : 1;
}

/** @returns the exit code @throws {ClusterError} there is nothing to check */
export async function verifyCommand(
  path: string,
  { json }: { readonly json: boolean },
  { print, printAside, paint }: VerdictContext,
): Promise<number> {
  const { checks, missing } = await verify(path, json ? printAside : print);
  const ok = checks.every((check) => check.ok);
  if (json) print(jsonText({ ok, checks, missing }));
  else {
    print(checksText(checks, paint));
    if (missing !== undefined) print(missing);
    print(verdictLine(ok, checks, paint));
  }
  return ok ? 0 : 1;
}

/** The last line but for programs: what was checked, and with which outcome. */
interface Verdict {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly seed?: number;
  /** Where the whole report is. */
  readonly report?: string;
  /** What could not be checked, and why. */
  readonly missing?: string | undefined;
}

function jsonText(verdict: Verdict): string {
  return JSON.stringify(verdict, undefined, 2);
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && !short.startsWith("..") ? short : path;
}
