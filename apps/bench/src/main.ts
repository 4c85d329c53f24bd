// `npm run bench`: durable writes per second of three server processes, at several depths. Every
// run starts fresh; the figures are medians over the runs.
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";
import { startBenchCluster } from "./writes/cluster.js";
import type { BenchReport } from "./writes/ipc.js";
import { runLoad } from "./writes/loader.js";
import type { LoadResult } from "./writes/loader.js";

const HELP = `Measures durable writes per second: three server processes (TCP, msgpack, file storage, every write synced on a majority) and a loader.

  --in-flight 1,64,1024   writes kept in flight, one measurement each
  --seconds 4             how long each is counted (1 to 10), after a warm-up of 1 s
  --runs 3                fresh clusters; medians are printed (1 to 20)
  --value-bytes 100       size of each value (1 to 100000)
  --data DIR              an existing folder for the data (default: the system's temporary one)
`;

const schema = z.object({
  "in-flight": z
    .string()
    .default("1,64,1024")
    .transform((text) => text.split(",").map(Number))
    .refine((list) => list.every((n) => Number.isInteger(n) && n >= 1 && n <= 4096)),
  seconds: z.coerce.number().min(1).max(10).default(4),
  runs: z.coerce.number().int().min(1).max(20).default(3),
  "value-bytes": z.coerce.number().int().min(1).max(100_000).default(100),
  data: z.string().default(tmpdir()),
});

const ALLOWED: Readonly<Record<string, string>> = {
  "in-flight": "numbers from 1 to 4096, separated by commas",
  seconds: "a number from 1 to 10",
  runs: "a whole number from 1 to 20",
  "value-bytes": "a whole number from 1 to 100000",
  data: "a path",
};

interface Row extends LoadResult {
  readonly cpuUsPerWrite: number;
  readonly writesPerPersist: number;
}

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const options = readOptions();
  if (!options) return;
  const rows = new Map<number, Row[]>();
  for (let run = 1; run <= options.runs; run++) {
    const cluster = await startBenchCluster(options.data);
    try {
      for (const inFlight of options["in-flight"]) {
        const edges: (readonly BenchReport[])[] = [];
        const onEdge = async (): Promise<void> => void edges.push(await cluster.reports());
        const result = await runLoad({
          port: cluster.leaderPort,
          inFlight,
          valueBytes: options["value-bytes"],
          warmupSeconds: 1,
          seconds: options.seconds,
          onEdge,
        });
        const [before = [], after = []] = edges;
        const row = {
          ...result,
          cpuUsPerWrite: difference(before, after, "cpuUs") / result.writes,
          writesPerPersist: (result.writes * before.length) / difference(before, after, "persists"),
        };
        rows.set(inFlight, [...(rows.get(inFlight) ?? []), row]);
        console.log(
          `run ${run}/${options.runs}, ${inFlight} in flight: ${Math.round(result.writes / result.seconds)} writes/s, p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms${result.failed > 0 ? `, ${result.failed} FAILED` : ""}`,
        );
      }
    } finally {
      await cluster.close();
    }
  }
  print(rows, options["value-bytes"], options.runs);
}

function readOptions(): z.output<typeof schema> | undefined {
  const names = Object.keys(schema.shape);
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parseArgs({
      options: {
        ...Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
        help: { type: "boolean" },
      },
    }).values;
  } catch (error) {
    process.stderr.write(
      `${error instanceof Error ? error.message.split("\n")[0] : String(error)}; allowed: ${names.map((name) => `--${name}`).join(", ")}, --help\n`,
    );
    process.exitCode = 2;
    return undefined;
  }
  if (values["help"]) {
    process.stdout.write(HELP);
    return undefined;
  }
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0]);
  process.stderr.write(
    `--${name}: given ${JSON.stringify(values[name])}; allowed: ${ALLOWED[name]}\n`,
  );
  process.exitCode = 2;
  return undefined;
}

function difference(
  before: readonly BenchReport[],
  after: readonly BenchReport[],
  figure: "cpuUs" | "persists",
): number {
  const total = (reports: readonly BenchReport[]): number =>
    reports.reduce((sum, report) => sum + report[figure], 0);
  return total(after) - total(before);
}

function median(rows: readonly Row[], figure: (row: Row) => number): number {
  const sorted = rows.map(figure).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function print(rows: ReadonlyMap<number, readonly Row[]>, valueBytes: number, runs: number): void {
  console.log(
    `\nDurable writes of ${valueBytes} B through the leader of 3 processes, medians of ${runs} fresh runs:\n`,
  );
  console.log(
    "| in flight | writes/s | range | p50 ms | p99 ms | servers' CPU µs per write | writes per sync |",
  );
  console.log("|---:|---:|---:|---:|---:|---:|---:|");
  for (const [inFlight, of] of rows) {
    const rates = of.map((row) => Math.round(row.writes / row.seconds));
    const cells = [
      inFlight,
      median(of, (row) => Math.round(row.writes / row.seconds)),
      `${Math.min(...rates)}–${Math.max(...rates)}`,
      median(of, (row) => row.p50Ms).toFixed(2),
      median(of, (row) => row.p99Ms).toFixed(2),
      median(of, (row) => row.cpuUsPerWrite).toFixed(1),
      median(of, (row) => row.writesPerPersist).toFixed(1),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
