// The command line's arguments, checked. What is wrong is said in one line, with what would be
// right.
import { parseArgs } from "node:util";
import { CASE_TIMEOUT_MS } from "../run.js";
import { toError } from "../show.js";
import { suites } from "../suites.js";

/** What a timer can wait for. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export const USAGE: string = `usage: raftkit-conformance SUITE MODULE [--only ID]... [--bail] [--timeout MS] [--json]
       raftkit-conformance SUITE --list

Runs a suite against MODULE: a path to an ES module, or a package, which
exports its target under the name "target".

  SUITE         ${Object.keys(suites).join(", ")}
  --only ID     runs this case, and those that it builds on; may be repeated
  --bail        ends with the first case that fails
  --timeout MS  how long a case may take, and its create() and dispose() too,
                in milliseconds; default ${CASE_TIMEOUT_MS}
  --json        prints the results as JSON
  --list        prints the suite's cases; with --json, as JSON

Ends with 0 when no case failed, 1 when one did, 2 when it was called wrongly.`;

export interface Call {
  readonly suite: string;
  /** undefined: list the cases. */
  readonly module: string | undefined;
  /** undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly bail: boolean;
  /** undefined: the default. */
  readonly timeoutMs: number | undefined;
  readonly json: boolean;
}

/** Called wrongly; the message says how. */
export class UsageError extends Error {}

/** @returns undefined when help is wanted. @throws {UsageError} */
export function readArguments(args: readonly string[]): Call | undefined {
  const { values, positionals, tokens } = parsed(args);
  const names = tokens.flatMap((token) => (token.kind === "option" ? token.name : []));
  const twice = names.find((name, i) => name !== "only" && names.indexOf(name) < i);
  if (twice !== undefined) throw new UsageError(`--${twice} was given twice`);
  if (values.help === true) return undefined;
  const [suite, module, ...rest] = positionals;
  const known = `there are: ${Object.keys(suites).join(", ")}`;
  if (suite === undefined) throw new UsageError(`name a suite; ${known} (--help tells more)`);
  if (!Object.hasOwn(suites, suite)) throw new UsageError(`there is no suite "${suite}"; ${known}`);
  const { only, bail = false, timeout, json = false, list = false } = values;
  const running = [module, only, timeout].some((given) => given !== undefined) || bail;
  if (list && running) throw new UsageError("--list takes a suite and nothing else but --json");
  if (!list && module === undefined) {
    throw new UsageError(`name the module to test with the suite "${suite}", a path or a package`);
  }
  if (rest.length > 0) {
    throw new UsageError(`"${rest[0]}" is one argument too many; give a suite and a module`);
  }
  return { suite, module, only, bail, timeoutMs: milliseconds(timeout), json };
}

function milliseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const given = Number(text);
  if (/^\d+$/.test(text) && given >= 1 && given <= TIMEOUT_MS_MAX) return given;
  throw new UsageError(
    `--timeout: given "${text}"; allowed: whole milliseconds from 1 to ${TIMEOUT_MS_MAX}`,
  );
}

function parsed(args: readonly string[]): {
  readonly values: {
    readonly only?: readonly string[];
    readonly bail?: boolean;
    readonly timeout?: string;
    readonly json?: boolean;
    readonly list?: boolean;
    readonly help?: boolean;
  };
  readonly positionals: readonly string[];
  readonly tokens: readonly { readonly kind: string; readonly name?: string }[];
} {
  try {
    return parseArgs({
      tokens: true,
      args: [...args],
      allowPositionals: true,
      options: {
        only: { type: "string", multiple: true },
        bail: { type: "boolean" },
        timeout: { type: "string" },
        json: { type: "boolean" },
        list: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(`${toError(error).message.split(". ")[0]} (--help tells what there is)`, {
      cause: error,
    }); // behind that, advice on positional arguments
  }
}
