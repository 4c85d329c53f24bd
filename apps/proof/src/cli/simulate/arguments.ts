// What the command line of `npm run simulate` means.

export const HELP = `npm run simulate -- [--seeds N] [--from N] [--tier 1|2] [--nodes N] [--workers N] [--bail]
npm run simulate -- --seed N [--tier 1|2] [--nodes N] [--trace FILE]
npm run simulate -- --plan FILE [--trace FILE]
npm run simulate -- --speed [--tier 1|2]

Runs whole clusters on simulated time, network and disk, each from a seed, under faults; holds them to Raft's invariants.

  --seeds N    so many seeds (default 100), each in both tiers
  --from N     the first one (default 1)
  --tier N     only tier 1 (Raft alone) or 2 (unchanged nodes with the real file log)
  --nodes N    clusters of this size instead of what the seed says
  --workers N  processes (default 2)
  --bail       end with the first failing seed, and don't shrink it
  --seed N     only this one, told line by line, in both tiers unless --tier names one
  --plan FILE  a plan as JSON, as a shrunk failure prints it
  --trace FILE where the lines go instead of to the screen
  --speed      how many simulated seconds a core simulates in a second, five nodes under load

Exit codes: 0 nothing failed; 1 a seed failed, from enough seeds on also an empty cell in the coverage of a tier; 2 wrong options.`;

export interface Arguments {
  readonly help: boolean;
  readonly seeds: number;
  readonly from: number;
  readonly tiers: readonly (1 | 2)[];
  readonly nodes: number | undefined;
  readonly workers: number;
  readonly bail: boolean;
  readonly seed: number | undefined;
  readonly plan: string | undefined;
  readonly trace: string | undefined;
  readonly speed: boolean;
}

/** Called wrongly; the message says how. */
export class UsageError extends Error {}

/** @throws {UsageError} */
export function parseArguments(args: readonly string[]): Arguments {
  const values = new Map<string, string>();
  const switches = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    const [flag = "", inline] = (args[i] ?? "").split(/=(.*)/s);
    if (flag === "--help" || flag === "-h") switches.add("--help");
    else if (flag === "--bail" || flag === "--speed") switches.add(flag);
    else if (
      [
        "--seeds",
        "--from",
        "--tier",
        "--nodes",
        "--workers",
        "--seed",
        "--plan",
        "--trace",
      ].includes(flag)
    ) {
      const given = inline ?? args[++i];
      if (given === undefined) {
        throw new UsageError(`${flag}: given nothing; it needs a value (see --help)`);
      }
      values.set(flag, given);
    } else throw new UsageError(`${flag}: there is no such option (see --help)`);
  }
  const number = (flag: string, min: number, max: number): number | undefined => {
    const text = values.get(flag);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new UsageError(
        `${flag}: given ${JSON.stringify(text)}; allowed: a whole number from ${min} to ${max}`,
      );
    }
    return value;
  };
  const [one] = ["--seed", "--plan"].filter((flag) => values.has(flag));
  const [many] = ["--seeds", "--from"].filter((flag) => values.has(flag));
  if (one !== undefined && many !== undefined) {
    throw new UsageError(
      `${one} and ${many}: ${one} is for one run, ${many} for many; give one of them`,
    );
  }
  const tier = number("--tier", 1, 2);
  return {
    help: switches.has("--help"),
    bail: switches.has("--bail"),
    speed: switches.has("--speed"),
    seeds: number("--seeds", 1, 1e9) ?? 100,
    from: number("--from", 0, 2 ** 52) ?? 1,
    seed: number("--seed", 0, 2 ** 52),
    nodes: number("--nodes", 1, 7),
    workers: number("--workers", 1, 64) ?? 2,
    tiers: tier === 1 ? [1] : tier === 2 ? [2] : [1, 2],
    plan: values.get("--plan"),
    trace: values.get("--trace"),
  };
}
