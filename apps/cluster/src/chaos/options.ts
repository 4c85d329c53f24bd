// The command lines of chaos and verify, checked. Nothing here prints or exits.
import { z } from "zod";
import { isWhole, parseTexts, readArguments, WrongOptions } from "../cli/command-line.js";
import type { Environment, OptionTable } from "../cli/command-line.js";

export interface ChaosOptions {
  readonly nodes: number;
  /** How long load and faults go on. */
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  /** Worked on at a time. */
  readonly keys: number;
  /** Operations per second, of all clients together. */
  readonly rate: number;
  /** Where the report goes. */
  readonly out: string;
  /** The nodes' data stays there too. */
  readonly keep: boolean;
}

const MAX_SEED = 4_294_967_295;

function whole(min: number, max: number): z.ZodType<number> {
  return z
    .string()
    .refine((text) => isWhole(text, min, max))
    .transform(Number);
}

const schema: z.ZodType<ChaosOptions> = z.object({
  nodes: whole(3, 9),
  seconds: whole(5, 900),
  seed: whole(0, MAX_SEED),
  clients: whole(1, 100),
  keys: whole(1, 1000),
  rate: whole(1, 1000),
  out: z
    .string()
    .min(1)
    .refine((text) => !text.includes("\0")),
  keep: z.enum(["true", "false"]).transform((text) => text === "true"),
});

/** Every option once, in the order in which help prints them. */
export const chaosOptionTable: OptionTable<keyof ChaosOptions> = {
  nodes: {
    flag: "nodes",
    value: "N",
    fallback: "5",
    allowed: "a whole number from 3 to 9",
    help: "How many server processes.",
  },
  seconds: {
    flag: "seconds",
    value: "S",
    fallback: "60",
    allowed: "a whole number from 5 to 900",
    help: "How long load and faults go on; healing and checking come on top.",
  },
  seed: {
    flag: "seed",
    value: "N",
    fallback: "",
    allowed: `a whole number from 0 to ${MAX_SEED}`,
    help: "Which faults strike when; printed at the start.",
  },
  clients: {
    flag: "clients",
    value: "N",
    fallback: "16",
    allowed: "a whole number from 1 to 100",
    help: "Each has one operation under way.",
  },
  keys: {
    flag: "keys",
    value: "N",
    fallback: "12",
    allowed: "a whole number from 1 to 1000",
    help: "How many are worked on at a time.",
  },
  rate: {
    flag: "rate",
    value: "N",
    fallback: "400",
    allowed: "a whole number from 1 to 1000",
    help: "Operations per second at most, of all clients together.",
  },
  out: {
    flag: "out",
    value: "DIRECTORY",
    fallback: "chaos-report",
    allowed: "a path",
    help: "Where report, history and the nodes' logs go; an earlier report there is deleted.",
  },
  keep: {
    flag: "keep",
    value: "",
    fallback: "false",
    allowed: "no value (or true or false)",
    help: "Keep the nodes' data there too.",
  },
};

/** @throws {WrongOptions} */
export function parseChaos(args: readonly string[], environment: Environment): ChaosOptions {
  const names = Object.keys(chaosOptionTable) as (keyof ChaosOptions)[];
  const { texts } = readArguments(chaosOptionTable, names, 0, args, environment);
  const drawn = String(Math.floor(Math.random() * (MAX_SEED + 1)));
  return parseTexts(schema, chaosOptionTable, { ...texts, seed: texts.seed || drawn });
}

/** @throws {WrongOptions} */
export function parseVerify(args: readonly string[]): string {
  const {
    positionals: [path],
  } = readArguments({}, [], 1, args, {});
  if (path === undefined || path === "") {
    throw new WrongOptions([
      "verify: nothing given; allowed: the directory of a chaos report, or a history.jsonl",
    ]);
  }
  return path;
}
