// Which options a function takes and of which type: types say so too, but not every program is
// checked by them. A wrong name or type is refused by name, before anything is opened.
import { InvalidOption } from "./errors.js";

export type OptionKind = "string" | "number" | "boolean" | "function" | "object" | "array";
export type OptionShape = Readonly<Record<string, OptionKind>>;

/** Shorter names are parts of too many others. */
const GUESS_LENGTH_MIN = 3;

const ARTICLES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  boolean: "true or false",
  function: "a function",
  object: "an object",
  array: "an array",
};

/**
 * The options of a function.
 * @param where the function's name
 * @param required those that must be given
 * @throws {InvalidOption}
 */
export function checkOptionShape(
  where: string,
  given: unknown,
  shape: OptionShape,
  required: readonly string[] = [],
): void {
  if (kindOf(given) !== "object") {
    const names = Object.keys(shape).join(", ");
    checkOptionKind(`the options of ${where}`, given, "object", ` with ${names}`);
  }
  const options = given as Readonly<Record<string, unknown>>;
  checkOptionNames("", options, shape, `${where}: `);
  for (const [name, kind] of Object.entries(shape)) {
    if (options[name] === undefined && !required.includes(name)) continue;
    checkOptionKind(`${where}: option ${name}`, options[name], kind);
  }
}

/**
 * @param path stands before each name, such as `cluster.`
 * @param where how the message begins
 * @throws {InvalidOption} it guesses which one was meant
 */
export function checkOptionNames(
  path: string,
  given: object,
  shape: OptionShape,
  where = "",
): void {
  const known = Object.keys(shape);
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(shape, name)) continue;
    const near = known.find((other) => isNear(name, other));
    const hint = near === undefined ? "" : `did you mean ${path}${near}? `;
    throw new InvalidOption(
      `${where}option ${path}${name}: there is no such option; ${hint}allowed: ${known.join(", ")}`,
    );
  }
}

/**
 * @param name how the message begins
 * @param details what else is allowed, as the message ends
 * @throws {InvalidOption}
 */
export function checkOptionKind(
  name: string,
  value: unknown,
  kind: OptionKind,
  details = "",
): void {
  const found = kindOf(value);
  if (found === kind) return;
  // A part may be a function with methods.
  if (kind === "object" && found === "function") return;
  const what = ARTICLES[found] ?? found;
  const shown = typeof value === "string" ? `${what} ${JSON.stringify(value)}` : what;
  throw new InvalidOption(
    `${name}: ${value === undefined ? "not given" : `given ${shown}`}; allowed: ${ARTICLES[kind]}${details}`,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** One of the two is the other with letters left out, as `timeout` and `dirctory` are. */
function isNear(name: string, known: string): boolean {
  const [short, long] = [name.toLowerCase(), known.toLowerCase()].toSorted(
    (a, b) => a.length - b.length,
  );
  if (short === undefined || long === undefined || short.length < GUESS_LENGTH_MIN) return false;
  let found = 0;
  for (const letter of long) if (letter === short[found]) found++;
  return found === short.length;
}
