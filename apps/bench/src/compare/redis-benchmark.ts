// redis-benchmark, the Redis project's own load generator: SET and GET of random keys.
import { PROGRAMS, runProgram } from "../programs.js";
import type { Answered, ClosedLoad } from "./system.js";
import { KEYS, VALUE_BYTES } from "./workload.js";

/**
 * In flight are connections times pipelined requests; each pipeline is sent when it is empty. Up to
 * so many on one connection reach more than on several, whose pipelines become smaller batches.
 */
const PIPELINED = 128;
const MOST_CONNECTIONS = 4;
const FIRST_REQUESTS = 200;

export async function runRedisBenchmark(
  port: number,
  { workload, inFlight, seconds }: ClosedLoad,
): Promise<Answered> {
  const connections = Math.min(Math.ceil(inFlight / PIPELINED), MOST_CONNECTIONS);
  const pipeline = Math.ceil(inFlight / connections);
  const flags = (requests: number): (readonly [flag: string, value: string])[] => [
    ["-h", "127.0.0.1"],
    ["-p", String(port)],
    ["-c", String(connections)],
    ["-P", String(pipeline)],
    ["-n", String(requests)],
    ["-r", String(KEYS)],
    ["-d", String(VALUE_BYTES)],
    ["-t", workload === "put" ? "set" : "get"],
  ];
  const run = async (requests: number): Promise<Answered> =>
    parseRedisBenchmark(
      await runProgram(PROGRAMS.redisBenchmark, ["--csv", ...flags(requests).flat()]),
      requests,
    );
  // It counts requests, not seconds.
  const first = await run(FIRST_REQUESTS + inFlight * 20);
  return run(Math.ceil((first.answered / first.seconds) * seconds));
}

/** @throws the output isn't redis-benchmark's */
export function parseRedisBenchmark(csv: string, requests: number): Answered {
  const [names, values] = csv
    .split("\n")
    .filter((line) => line.startsWith('"'))
    .map((line) => line.split(",").map((cell) => cell.replaceAll('"', "")));
  const figure = (name: string): number => {
    const at = names?.indexOf(name) ?? -1;
    const value = at < 0 ? NaN : Number(values?.[at]);
    if (Number.isFinite(value)) return value;
    throw new Error(`redis-benchmark gave no ${name}: ${csv.trim().slice(-500)}`);
  };
  return {
    answered: requests,
    failed: 0,
    seconds: requests / figure("rps"),
    p50Ms: figure("p50_latency_ms"),
    p99Ms: figure("p99_latency_ms"),
    p999Ms: null,
    maxMs: figure("max_latency_ms"),
  };
}
