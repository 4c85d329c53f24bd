// The command line, without the process around it: arguments and files in, text and an exit code
// out.
import { createReadStream } from "node:fs";
import { parseArgs } from "node:util";
import { checkHistory, partsOf } from "../check.js";
import { HistoryError } from "../errors.js";
import { explain } from "../explain.js";
import { keyValueFormat, registerFormat } from "../formats.js";
import { readHistory } from "../json-lines.js";
import type { Format } from "../json-lines.js";
import { keyValue } from "../models/key-value.js";
import { register } from "../models/register.js";
import type { Model, Operation, Verdict } from "../types.js";

/** How a complaint begins: with who complains. */
const PROGRAM = "raftkit-linearizability";

const USAGE = `usage: raftkit-linearizability [--model kv|register] [--max-steps N] [--json] FILE|-

Checks a history, one JSON object per line, for linearizability.
  --model      what the system is: kv (put, get, delete; the default) or register (read, write, cas)
  --max-steps  how many states to try for one key before it is called undecided; 5000000 by default
  --json       print the verdict as one JSON object

exit codes: 0 linearizable, 1 not linearizable, 2 nothing could be checked (wrong options, no file, no history in it), 3 undecided`;

/** 2 is wrong usage in all of this project's commands. */
const EXIT = { ok: 0, violation: 1, usage: 2, undecided: 3 } as const;

export interface RunContext {
  readonly stdin: AsyncIterable<string | Uint8Array>;
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

interface Settings {
  readonly file: string;
  readonly model: string;
  readonly maxSteps: number | undefined;
  readonly isJson: boolean;
}

/** @returns the exit code */
export async function run(args: readonly string[], context: RunContext): Promise<number> {
  if (args.includes("--help")) {
    context.out(USAGE);
    return EXIT.ok;
  }
  const settings = settingsOf(args);
  if (typeof settings === "string") {
    context.error(`${PROGRAM}: ${settings}\n\n${USAGE}`);
    return EXIT.usage;
  }
  try {
    return await (settings.model === "kv"
      ? check(settings, keyValue, keyValueFormat, context)
      : check(settings, register, registerFormat, context));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!("syscall" in error) && !(error instanceof HistoryError)) throw error;
    context.error(`${PROGRAM}: ${settings.file}: ${error.message}`);
    return EXIT.usage;
  }
}

/** @returns what is wrong, as a string */
function settingsOf(args: readonly string[]): Settings | string {
  try {
    const { values, positionals, tokens } = parseArgs({
      tokens: true,
      args: [...args],
      allowPositionals: true,
      options: {
        model: { type: "string", default: "kv" },
        "max-steps": { type: "string" },
        json: { type: "boolean", default: false },
      },
    });
    const names = tokens.flatMap((token) => (token.kind === "option" ? token.name : []));
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined) return `--${twice} was given twice`;
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) {
      return `${positionals.length} files were given; give one, or - for standard input`;
    }
    const { model, json, "max-steps": steps } = values;
    if (model !== "kv" && model !== "register") {
      return `--model ${model} is not known; allowed: kv, register`;
    }
    const maxSteps = steps === undefined ? undefined : Number(steps);
    if (maxSteps !== undefined && !(Number.isSafeInteger(maxSteps) && maxSteps > 0)) {
      return `--max-steps ${steps ?? ""} is not allowed; allowed: a whole number from 1`;
    }
    return { file, model, maxSteps, isJson: json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function check<S, I, O>(
  { file, maxSteps, isJson }: Settings,
  model: Model<S, I, O>,
  format: Format<I, O>,
  { stdin, out }: RunContext,
): Promise<number> {
  const history: Operation<I, O>[] = [];
  const lines: number[] = [];
  for await (const { line, operation } of readHistory(
    file === "-" ? stdin : createReadStream(file),
    format,
  )) {
    history.push(operation);
    lines.push(line);
  }
  if (history.length === 0) {
    throw new HistoryError(
      "there are no operations in it, so nothing would be proven; was the history written?",
    );
  }
  if (history.every(isUnknown)) {
    throw new HistoryError(
      `none of its operations (${history.length}) was answered, so nothing would be proven`,
    );
  }
  try {
    const verdict = checkHistory(history, model, maxSteps === undefined ? {} : { maxSteps });
    const parts = [...partsOf(history, model)];
    out(isJson ? asJson(verdict, parts) : `${summary(parts)}\n${explain(verdict, model)}`);
    return EXIT[verdict.kind];
  } catch (error) {
    if (error instanceof HistoryError && error.operation !== undefined) {
      throw new HistoryError(`line ${lines[error.operation] ?? 0}: ${error.message}`);
    }
    throw error;
  }
}

type Parts<I, O> = readonly (readonly [string, readonly Operation<I, O>[]])[];

const isUnknown = ({ completed }: Operation<unknown, unknown>) => completed === Infinity;

function summary<I, O>(parts: Parts<I, O>): string {
  const rows = parts
    .map(
      ([part, operations]) =>
        [
          part === "" ? "(all)" : part,
          operations.length,
          operations.filter(isUnknown).length,
        ] as const,
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(3, ...rows.map(([part]) => part.length));
  return [
    `${"key".padEnd(width)}  operations  unknown`,
    ...rows.map(
      ([part, count, unknown]) =>
        `${part.padEnd(width)}  ${String(count).padStart(10)}  ${String(unknown).padStart(7)}`,
    ),
  ].join("\n");
}

/** JSON has no Infinity: an unknown outcome's end is null, as in the lines. */
function asJson<I, O>(verdict: Verdict<I, O>, parts: Parts<I, O>): string {
  const counts = parts.map(([part, operations]) => ({
    part,
    operations: operations.length,
    unknown: operations.filter(isUnknown).length,
  }));
  return JSON.stringify({ ...verdict, parts: counts }, (_, value: unknown) =>
    value === Infinity ? null : value,
  );
}
