// The names and types of the options, for programs that the type checker doesn't check. A wrong
// name or type is refused by name, before anything is opened.
import type { OptionKind, OptionShape } from "@raftkit/core";
import { checkOptionKind, checkOptionNames } from "@raftkit/core";
import type { NodeOptions } from "./api.js";
import { InvalidOption } from "./errors.js";

const OPTIONS = {
  id: "string",
  address: "string",
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
  snapshotAfterBytes: "number",
  leaseDriftRate: "number",
  clock: "object",
  random: "function",
  instruments: "function",
  logger: "object",
} as const satisfies Record<keyof NodeOptions<never, never, never, never>, OptionKind>;
const REQUIRED = new Set(["id", "cluster", "storage"]);

/** @throws {InvalidOption} */
export function checkShape(options: unknown): void {
  const given = objectAt("options", options);
  checkOptionNames("", given, OPTIONS);
  for (const [name, kind] of Object.entries(OPTIONS)) {
    // Which functions a part must have is checked with its other promises, in options.ts.
    if (given[name] !== undefined || REQUIRED.has(name)) {
      checkOptionKind(`option ${name}`, given[name], kind);
    }
  }
  checkClusterShape(objectAt("cluster", given["cluster"]));
  checkOptionNames("storage.", objectAt("storage", given["storage"]), {
    log: "object",
    snapshots: "object",
  });
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

const CLUSTER: OptionShape = {
  id: "string",
  bootstrap: "array",
  alone: "boolean",
  join: "array",
  rejoin: "boolean",
};

function checkClusterShape(cluster: Readonly<Record<string, unknown>>): void {
  checkOptionNames("cluster.", cluster, CLUSTER);
  for (const [name, kind] of Object.entries(CLUSTER)) {
    if (name !== "id" && cluster[name] === undefined) continue;
    checkOptionKind(`option cluster.${name}`, cluster[name], kind);
  }
  const { bootstrap, join } = cluster;
  if (Array.isArray(bootstrap)) {
    bootstrap.forEach((peer: unknown, i) =>
      checkFields(`cluster.bootstrap[${i}]`, peer, { id: "string", address: "string" }),
    );
  }
  if (Array.isArray(join)) {
    join.forEach((address: unknown, i) =>
      checkOptionKind(`option cluster.join[${i}]`, address, "string"),
    );
  }
}

function objectAt(name: string, value: unknown): Readonly<Record<string, unknown>> {
  checkOptionKind(`option ${name}`, value, "object");
  return value as Readonly<Record<string, unknown>>;
}

function checkFields(name: string, value: unknown, shape: OptionShape): void {
  const fields = objectAt(name, value);
  checkOptionNames(`${name}.`, fields, shape);
  for (const [field, kind] of Object.entries(shape)) {
    checkOptionKind(`option ${name}.${field}`, fields[field], kind);
  }
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

export function wrong(name: string, given: unknown, allowed: string): InvalidOption {
  return new InvalidOption(
    `option ${name}: given ${typeof given === "number" ? String(given) : (JSON.stringify(given) ?? String(given))}; allowed: ${allowed}`,
  );
}
