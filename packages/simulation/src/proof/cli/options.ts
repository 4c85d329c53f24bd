// What the command line of `npm run simulate` allows, checked: a wrong option is named, with what was given and what is allowed.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

export const HELP = `npm run simulate -- [--seeds N] [--from N] [--tier 1|2] [--workers N]
npm run simulate -- --seed N [--tier 1|2] [--trace FILE]
npm run simulate -- --plan FILE [--trace FILE]

Runs whole clusters on simulated time, network and disk under faults that follow from a seed, and checks everything that
Raft promises. Tier 1 drives the core alone, tier 2 whole nodes with the real file log and codecs.

  --seeds N      how many seeds, one after another (default 100), each in both tiers
  --from N       the first one (default 1)
  --tier 1|2     only this tier
  --workers N    threads (default: one for each core, at most 8)
  --seed N       one seed, with its whole trace
  --plan FILE    a plan that an earlier failure was shrunk to (JSON), with its whole trace
  --trace FILE   where the trace goes (default: standard output)

It ends with 1 when something failed, or when from 200 seeds on a cell of the coverage matrix stayed empty.`;

export interface SimulateOptions {
  readonly mode: "help" | "many" | "one" | "plan";
  readonly seeds: number;
  readonly from: number;
  readonly tiers: readonly (1 | 2)[];
  readonly workers: number;
  readonly planFile: string;
  readonly traceFile: string | undefined;
}

/** @throws {Error} with a message for the user */
export function parseOptions(args: readonly string[]): SimulateOptions {
  const { values } = parseArgs({
    args: [...args], strict: true, allowPositionals: false,
    options: {
      help: { type: "boolean", short: "h" }, seeds: { type: "string" }, from: { type: "string" }, seed: { type: "string" },
      tier: { type: "string" }, workers: { type: "string" }, plan: { type: "string" }, trace: { type: "string" },
    },
  });
  if (values.seed !== undefined && (values.seeds !== undefined || values.from !== undefined || values.plan !== undefined)) throw new Error("--seed is one seed: it goes with --tier and --trace only");
  if (values.plan !== undefined && (values.seeds !== undefined || values.from !== undefined || values.tier !== undefined)) throw new Error("--plan is one run: it goes with --trace only");
  if (values.tier !== undefined && values.tier !== "1" && values.tier !== "2") throw new Error(`--tier: given ${JSON.stringify(values.tier)}; allowed: 1 or 2`);
  const mode = values.help === true ? "help" : values.plan !== undefined ? "plan" : values.seed !== undefined ? "one" : "many";
  if (mode === "many" && values.trace !== undefined) throw new Error("--trace: the trace is that of one run; give --seed or --plan too");
  return {
    mode, traceFile: values.trace, planFile: values.plan ?? "",
    seeds: values.seed === undefined ? wholeNumber("--seeds", values.seeds ?? "100", 1) : 1,
    from: values.seed === undefined ? wholeNumber("--from", values.from ?? "1", 0) : wholeNumber("--seed", values.seed, 0),
    tiers: values.tier === undefined ? [1, 2] : values.tier === "1" ? [1] : [2],
    workers: wholeNumber("--workers", values.workers ?? String(Math.min(8, availableParallelism())), 1),
  };
}

function wholeNumber(flag: string, text: string, min: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < min) throw new Error(`${flag}: given ${JSON.stringify(text)}; allowed: a whole number from ${min} on`);
  return number;
}
