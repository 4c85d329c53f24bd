// h2load, nghttp2's load generator: the fastest client there is for etcd's gRPC port, and one for
// HTTP. It sends one fixed body, so all its puts are of one key.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Latencies } from "../load/latencies.js";
import { PROGRAMS, runProgram } from "../programs.js";
import type { Answered, ClosedLoad } from "./system.js";

export interface H2LoadRequest {
  /** Asked for in turn. */
  readonly urls: readonly string[];
  /** Undefined: GET without a body. */
  readonly body?: Buffer;
  readonly headers: readonly string[];
  readonly http1: boolean;
}

/** In flight are connections times streams. HTTP/1.1 has one request on each connection. */
export function connectionsFor(
  inFlight: number,
  http1: boolean,
): { readonly connections: number; readonly streams: number } {
  const connections = http1 ? inFlight : Math.min(inFlight, MOST_CONNECTIONS);
  // At least as many as asked for.
  return { connections, streams: Math.ceil(inFlight / connections) };
}

/** More are no faster against etcd, at any depth. */
const MOST_CONNECTIONS = 16;

/** @param directory an existing one, for what h2load reads and writes */
export async function runH2Load(
  { urls, body, headers, http1 }: H2LoadRequest,
  { inFlight, seconds }: ClosedLoad,
  directory: string,
): Promise<Answered> {
  const [urlFile, bodyFile, logFile] = ["urls", "body", "log"].map((name) =>
    join(directory, `h2load-${name}`),
  ) as [string, string, string];
  await writeFile(urlFile, `${urls.join("\n")}\n`);
  await writeFile(logFile, "");
  if (body) await writeFile(bodyFile, body);
  const { connections, streams } = connectionsFor(inFlight, http1);
  const printed = await runProgram(PROGRAMS.h2load, [
    `--clients=${connections}`,
    `--max-concurrent-streams=${streams}`,
    `--duration=${seconds}`,
    `--log-file=${logFile}`,
    `--input-file=${urlFile}`,
    ...(http1 ? ["--h1"] : []),
    ...(body ? [`--data=${bodyFile}`] : []),
    ...headers.map((header) => `--header=${header}`),
  ]);
  return parseH2Load(printed, await readFile(logFile, "latin1"));
}

/**
 * @param log a line for each request: when it began, its HTTP status, and how long it took, in
 *   microseconds, separated by tabs
 * @throws the output isn't h2load's
 */
export function parseH2Load(printed: string, log: string): Answered {
  const seconds = secondsOf(/^finished in ([\d.]+)(us|ms|s|m|h)/m.exec(printed));
  const counts = /^requests: .* (\d+) succeeded, (\d+) failed, (\d+) errored/m.exec(printed);
  const [answered = NaN, ...unsuccessful] = (counts ?? []).slice(1).map(Number);
  if (!(seconds > 0) || Number.isNaN(answered)) {
    throw new Error(`h2load's output can't be read: ${printed.trim().slice(-500)}`);
  }
  const latencies = new Latencies();
  for (const line of log.split("\n")) {
    const [, status = "", us = ""] = line.split("\t");
    if (status.startsWith("2")) latencies.record(Number(us) / 1000);
  }
  const { p50Ms, p99Ms, p999Ms, maxMs } = latencies.figures();
  const failed = unsuccessful.reduce((sum, count) => sum + count, 0);
  return { answered, failed, seconds, p50Ms, p99Ms, p999Ms, maxMs };
}

const UNITS: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

function secondsOf(found: RegExpExecArray | null): number {
  return Number(found?.[1] ?? NaN) * (UNITS[found?.[2] ?? ""] ?? NaN);
}
