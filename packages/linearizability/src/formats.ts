// The fields of the lines for the two built-in models. Unknown fields are refused: overlooking one
// would weaken the check.
import { HistoryError } from "./errors.js";
import { shown } from "./json-lines.js";
import type { Format } from "./json-lines.js";
import type { Expected, KeyValueInput, KeyValueOutput } from "./models/key-value.js";
import type { RegisterInput, RegisterOutput, Value } from "./models/register.js";

type Fields = Readonly<Record<string, unknown>>;

const COMMON = ["client", "invoked", "completed", "op", "key", "result"];

/**
 * Lines of `register`: op is read, write (`value`) or cas (`expected`, `value`); `key` only where
 * there are several registers.
 */
export const registerFormat: Format<RegisterInput, RegisterOutput> = {
  parse(fields, isUnknown) {
    const { op, result } = fields;
    if (op !== "read" && op !== "write" && op !== "cas") {
      throw new HistoryError(`"op" is ${shown(op)}; it must be "read", "write" or "cas"`);
    }
    only(fields, op === "read" ? [] : op === "write" ? ["value"] : ["value", "expected"]);
    const key = fields["key"] === undefined ? {} : { key: textOf(fields, "key") };
    const input: RegisterInput =
      op === "read"
        ? { op, ...key }
        : op === "write"
          ? { op, ...key, value: valueOf(fields, "value") }
          : { op, ...key, expected: valueOf(fields, "expected"), value: valueOf(fields, "value") };
    if (isUnknown) return { input, output: undefined };
    if (op === "cas" && typeof result !== "boolean") {
      throw new HistoryError(`"result" is ${shown(result)}; of a cas it must be true or false`);
    }
    return { input, output: op === "write" ? true : valueOf(fields, "result") };
  },
};

/** Lines of `keyValue`: op is get, put (`value`) or delete; put and delete may have `expected`. */
export const keyValueFormat: Format<KeyValueInput, KeyValueOutput> = {
  parse(fields, isUnknown) {
    const { op } = fields;
    if (op !== "get" && op !== "put" && op !== "delete") {
      throw new HistoryError(`"op" is ${shown(op)}; it must be "get", "put" or "delete"`);
    }
    only(fields, op === "get" ? [] : op === "put" ? ["value", "expected"] : ["expected"]);
    const key = textOf(fields, "key");
    const expected =
      fields["expected"] === undefined ? {} : { expected: expectedOf(fields["expected"]) };
    const input: KeyValueInput =
      op === "get"
        ? { op, key }
        : op === "put"
          ? { op, key, value: valueOf(fields, "value"), ...expected }
          : { op, key, ...expected };
    if (isUnknown) return { input, output: undefined };
    return { input, output: op === "get" ? readOf(fields["result"]) : writtenOf(fields["result"]) };
  },
};

function only(fields: Fields, more: readonly string[]): void {
  const odd = Object.keys(fields).find((name) => !COMMON.includes(name) && !more.includes(name));
  if (odd !== undefined) {
    throw new HistoryError(
      `${shown(odd)} is not a field of this op; it may have ${[...COMMON, ...more].join(", ")}`,
    );
  }
}

function textOf(fields: Fields, name: string): string {
  const text = fields[name];
  if (typeof text !== "string") {
    throw new HistoryError(`"${name}" is ${shown(text)}; it must be a text`);
  }
  return text;
}

function isValue(value: unknown): value is Value {
  return (
    value === null ||
    typeof value === "string" ||
    typeof value === "boolean" ||
    Number.isFinite(value)
  );
}

function valueOf(fields: Fields, name: string): Value {
  const value = fields[name];
  if (!isValue(value)) {
    throw new HistoryError(
      `"${name}" is ${shown(value)}; it must be a text, a number, true, false or null`,
    );
  }
  return value;
}

function expectedOf(expected: unknown): Expected {
  if (expected === "present" || expected === "absent") return expected;
  const { version, value } = partsOf(expected, ["version", "value"]) ?? {};
  if (isVersion(version) && value === undefined) return { version };
  if (isValue(value) && version === undefined) return { value };
  throw new HistoryError(
    `"expected" is ${shown(expected)}; it must be "present", "absent", {"version":n} or {"value":v}`,
  );
}

function readOf(result: unknown): KeyValueOutput {
  if (result === null) return null;
  const { value, version } = partsOf(result, ["value", "version"]) ?? {};
  if (
    (isValue(value) || value === undefined) &&
    (isVersion(version) || version === undefined) &&
    (value !== undefined || version !== undefined)
  ) {
    return { ...(value !== undefined && { value }), ...(version !== undefined && { version }) };
  }
  throw new HistoryError(
    `"result" is ${shown(result)}; of a get it must be null, or have "value", "version" or both`,
  );
}

function writtenOf(result: unknown): KeyValueOutput {
  const { ok, version, existed } = partsOf(result, ["ok", "version", "existed"]) ?? {};
  if (
    ok === true &&
    (isVersion(version) || version === undefined) &&
    (typeof existed === "boolean" || existed === undefined)
  ) {
    return {
      ok,
      ...(version !== undefined && { version }),
      ...(existed !== undefined && { existed }),
    };
  }
  if (
    ok === false &&
    (isVersion(version) || version === undefined || version === null) &&
    existed === undefined
  ) {
    return { ok, ...(version !== undefined && { version }) };
  }
  throw new HistoryError(
    `"result" is ${shown(result)}; of a write it must be {"ok":true,"version"?,"existed"?} or {"ok":false,"version"?}`,
  );
}

function isVersion(version: unknown): version is number {
  return typeof version === "number" && Number.isFinite(version);
}

/** @returns undefined for what is no object or has other fields */
function partsOf(value: unknown, names: readonly string[]): Fields | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.keys(value).every((name) => names.includes(name)) ? (value as Fields) : undefined;
}
