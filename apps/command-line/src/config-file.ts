// A file of options: YAML (and so JSON), a line for each, by the names of the flags. It only reads
// and finds what no option can mean: values are texts, as on the command line, and checked as such.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { closest, distance } from "fastest-levenshtein";
import type * as Yaml from "yaml";
import type * as Zod from "zod";

/** What the file says, by option. */
export interface ConfigFile {
  readonly file: string;
  readonly values: ReadonlyMap<string, string>;
}

/** The message is one line: the file, what in it is wrong, and what to do. */
export class ConfigFileError extends Error {}

// Few starts need them, and they take longer to load than most commands to run. Loaded with all else,
// they make a start open more files at once than a low limit allows.
const load = createRequire(import.meta.url);

/**
 * @param known the options that a file may have, as `http-base`
 * @throws {ConfigFileError}
 */
export function readConfigFile(file: string, known: readonly string[]): ConfigFile {
  const { z }: typeof Zod = load("zod");
  const options = z.record(z.string(), z.unknown()).safeParse(parse(file) ?? {});
  if (!options.success) {
    throw new ConfigFileError(`${file} must have lines like "option: value", and nothing else`);
  }
  // Lists are what takes values separated by commas.
  const list = z.array(z.string()).transform((items) => items.join(","));
  const value = z.union([z.string(), list]);
  const values = Object.entries(options.data).map(([name, given]) => {
    if (!known.includes(name)) throw new ConfigFileError(unknownText(file, name, known));
    const parsed = value.safeParse(given);
    if (parsed.success) return [name, parsed.data] as const;
    throw new ConfigFileError(`${file}: "${name}" must have a value, or a list of values`);
  });
  return { file, values: new Map(values) };
}

/** Texts stay as they are written: neither `0.10` nor `no` means anything else. */
function parse(file: string): unknown {
  const yaml: typeof Yaml = load("yaml");
  try {
    return yaml.parse(readFileSync(file, "utf8"), { schema: "failsafe" });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const [line = ""] = error.message.split("\n");
    const what = error instanceof yaml.YAMLError ? "isn't YAML" : "can't be read";
    throw new ConfigFileError(`${file} ${what} (${line.replace(/:$/, "")})`, { cause: error });
  }
}

function unknownText(file: string, name: string, known: readonly string[]): string {
  const near = closest(name, [...known]);
  const isNear = distance(name, near) <= name.length / 3;
  const hint = isNear ? `did you mean "${near}"?` : "remove it";
  return `${file}: there is no option "${name}"; ${hint}`;
}
