// The command line's arguments, checked. What is wrong is said in one line, with what would be
// right.
import { parseArgs } from "node:util";
import { toError } from "../show.js";
import { suites } from "../suites.js";

export const USAGE: string = `usage: raftkit-conformance SUITE MODULE [--only ID] [--json]
       raftkit-conformance SUITE --list

Runs a suite against MODULE: a path to an ES module, or a package, which
exports its target under the name "target".

  SUITE      ${Object.keys(suites).join(", ")}
  --only ID  runs this case, and those that it builds on
  --json     prints the results as JSON
  --list     prints the suite's cases

Ends with 0 when no case failed, 1 when one did, 2 when it was called wrongly.`;

export interface Call {
  readonly suite: string;
  /** undefined: list the cases. */
  readonly module: string | undefined;
  readonly only: string | undefined;
  readonly json: boolean;
}

/** Called wrongly; the message says how. */
export class UsageError extends Error {}

/** @returns undefined when help is wanted. @throws {UsageError} */
export function readArguments(args: readonly string[]): Call | undefined {
  const { values, positionals } = parsed(args);
  if (values.help === true) return undefined;
  const [suite, module, ...rest] = positionals;
  const known = `there are: ${Object.keys(suites).join(", ")}`;
  if (suite === undefined) throw new UsageError(`name a suite; ${known} (--help tells more)`);
  if (!Object.hasOwn(suites, suite)) throw new UsageError(`there is no suite "${suite}"; ${known}`);
  if (values.list === true && (module !== undefined || values.only !== undefined)) {
    throw new UsageError("--list takes a suite and nothing else");
  }
  if (values.list !== true && module === undefined) {
    throw new UsageError(`name the module to test with the suite "${suite}", a path or a package`);
  }
  if (rest.length > 0) {
    throw new UsageError(`"${rest[0]}" is one argument too many; give a suite and a module`);
  }
  return { suite, module, only: values.only, json: values.json === true };
}

function parsed(args: readonly string[]): {
  readonly values: {
    readonly only?: string;
    readonly json?: boolean;
    readonly list?: boolean;
    readonly help?: boolean;
  };
  readonly positionals: readonly string[];
} {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        only: { type: "string" },
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
