// Which options there are and of which type: types say so too, but not every program is checked by
// them. A wrong name or type is refused by name, before anything is opened.
import { closest, distance } from "fastest-levenshtein";
import type { NodeOptions } from "./api.js";
import { InvalidOption } from "./errors.js";

type Kind = "string" | "number" | "function" | "object" | "array";
type Shape = Readonly<Record<string, Kind>>;

/** So different a name isn't taken for a slip. */
const DISTANCE_MAX = 3;

const OPTIONS = {
  id: "string",
  cluster: "object",
  transport: "object",
  storage: "object",
  codec: "object",
  stateMachine: "object",
  commandSchema: "object",
  electionTimeoutMs: "object",
  heartbeatIntervalMs: "number",
  defaultTimeoutMs: "number",
  maxCommandBytes: "number",
  maxUncommittedBytes: "number",
  maxLogBytes: "number",
  clock: "object",
  random: "function",
  instruments: "function",
  logger: "object",
} as const satisfies Record<keyof NodeOptions<never, never, never, never>, Kind>;
const REQUIRED = new Set(["id", "cluster", "storage"]);

/** @throws {InvalidOption} */
export function checkShape(options: unknown): void {
  const given = objectAt("options", options);
  checkNames("", given, OPTIONS);
  for (const [name, kind] of Object.entries(OPTIONS)) {
    // Which functions a part must have is checked with its other promises, in options.ts.
    if (given[name] !== undefined || REQUIRED.has(name)) checkKind(name, given[name], kind);
  }
  checkFields("cluster", given["cluster"], { id: "string", bootstrap: "array" });
  checkNames("storage.", objectAt("storage", given["storage"]), { log: "object" });
  const { bootstrap } = objectAt("cluster", given["cluster"]);
  if (Array.isArray(bootstrap)) {
    bootstrap.forEach((peer: unknown, i) =>
      checkFields(`cluster.bootstrap[${i}]`, peer, { id: "string", address: "string" }),
    );
  }
  if (given["electionTimeoutMs"] !== undefined) {
    checkFields("electionTimeoutMs", given["electionTimeoutMs"], { min: "number", max: "number" });
  }
  checkMethods("clock", given["clock"], ["now", "schedule", "defer"]);
  checkMethods("logger", given["logger"], ["debug", "info", "warn", "error"]);
  const schema = given["commandSchema"];
  if (schema !== undefined) {
    checkMethods('commandSchema["~standard"]', Reflect.get(Object(schema), "~standard") ?? {}, [
      "validate",
    ]);
  }
}

function objectAt(name: string, value: unknown): Readonly<Record<string, unknown>> {
  checkKind(name, value, "object");
  return value as Readonly<Record<string, unknown>>;
}

function checkFields(name: string, value: unknown, shape: Shape): void {
  const fields = objectAt(name, value);
  checkNames(`${name}.`, fields, shape);
  for (const [field, kind] of Object.entries(shape)) {
    checkKind(`${name}.${field}`, fields[field], kind);
  }
}

function checkNames(prefix: string, given: object, shape: Shape): void {
  const known = Object.keys(shape);
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const near = closest(name, known);
    const hint = distance(name, near) <= DISTANCE_MAX ? `did you mean ${prefix}${near}? ` : "";
    throw new InvalidOption(
      `option ${prefix}${name}: there is none of this name; ${hint}allowed: ${known.join(", ")}`,
    );
  }
}

function checkKind(name: string, value: unknown, kind: Kind): void {
  if (kindOf(value) === kind) return;
  // A part may be a function with methods.
  if (kind === "object" && kindOf(value) === "function") return;
  throw new InvalidOption(
    value === undefined
      ? `option ${name}: not given; allowed: ${ARTICLES[kind]}`
      : `option ${name}: given ${ARTICLES[kindOf(value)] ?? kindOf(value)}${typeof value === "string" ? ` ${JSON.stringify(value)}` : ""}; allowed: ${ARTICLES[kind]}`,
  );
}

const ARTICLES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  function: "a function",
  object: "an object",
  array: "an array",
};

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function checkMethods(name: string, part: unknown, methods: readonly string[]): void {
  if (part === undefined) return;
  const missing = methods.filter(
    (method) => typeof Reflect.get(Object(part), method) !== "function",
  );
  if (missing.length === 0) return;
  throw new InvalidOption(
    `option ${name}: given one without ${missing.join(", ")}; allowed: an object with the functions ${methods.join(", ")}`,
  );
}
