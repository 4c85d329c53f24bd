// `chaos` and `verify` as commands: directories, the report's files, and what is printed. They
// return the exit code.
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import type { ChaosOptions } from "./options.js";
import { REPORT_HTML, REPORT_JSON, takeOutDirectory } from "./out-directory.js";
import { reportPage } from "./report/report-page.js";
import { checksText, reportText, verdictLine } from "./report/report-text.js";
import { runChaos } from "./run.js";
import { verify } from "./verify.js";

export interface ChaosContext {
  readonly serverCommand: readonly string[];
  /** How this program was started, for what a user may do next. */
  readonly program: string;
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
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
  { serverCommand, program, signal, print }: ChaosContext,
): Promise<number> {
  const temporary = options.keep ? "" : mkdtempSync(join(tmpdir(), "raftkit-chaos-"));
  const data = options.keep ? join(out, "data") : temporary;
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const report = await runChaos(options, { serverCommand, out, data, temporary, signal, print });
  writeFileSync(join(out, REPORT_JSON), `${JSON.stringify(report, undefined, 2)}\n`, {
    mode: 0o600,
  });
  writeFileSync(join(out, REPORT_HTML), reportPage(report), { mode: 0o600 });
  print(reportText(report));
  print(`report      ${shown(join(out, REPORT_HTML))}`);
  print(
    `same faults ${program} chaos --seed ${report.seed} --nodes ${report.nodes} --seconds ${report.secondsAsked}`,
  );
  print(`same checks ${program} verify ${shown(out)}`);
  print(verdictLine(report.ok, report.checks));
  return report.ok ? 0 : 1;
}

/** @returns the exit code @throws {ClusterError} there is nothing to check */
export async function verifyCommand(path: string, print: (text: string) => void): Promise<number> {
  const { checks, missing } = await verify(path);
  const ok = checks.every((check) => check.ok);
  print(checksText(checks));
  if (missing !== undefined) print(missing);
  print(verdictLine(ok, checks));
  return ok ? 0 : 1;
}

function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== "" && !short.startsWith("..") ? short : path;
}
