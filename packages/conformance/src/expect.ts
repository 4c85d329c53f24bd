// What the suites' cases compare with. Failures are plain errors whose messages say what was expected and what came.
import { RaftkitError } from "@raftkit/core";

/** @throws {Error} with this message, when the condition doesn't hold */
export function expectThat(condition: boolean, otherwise: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof otherwise === "string" ? otherwise : otherwise());
}

/** Compares values all the way down; bytes by their content. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const difference = findDifference(actual, expected, what);
  if (difference !== undefined) throw new Error(difference);
}

/** The work must fail, and with an error of ours: others can't be told from bugs. @returns the error */
export async function expectRefusal(work: () => unknown, what: string): Promise<RaftkitError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof RaftkitError) return error;
    throw new Error(`${what} must be refused with a RaftkitError, but it threw ${describeValue(error)}`, { cause: error });
  }
  throw new Error(`${what} must be refused, but it succeeded`);
}

/** @returns the first place where they differ, as a sentence */
export function findDifference(actual: unknown, expected: unknown, path: string): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) return differentBytes(actual, expected, path);
  if (actual instanceof Uint8Array || expected instanceof Uint8Array || !isObject(actual) || !isObject(expected) || Array.isArray(actual) !== Array.isArray(expected)) {
    return `${path}: expected ${describeValue(expected)}, got ${describeValue(actual)}`;
  }
  const names = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  for (const name of names) {
    const has = [actual, expected].map((value) => Object.hasOwn(value, name));
    if (has[0] !== has[1]) return `${path}.${name}: ${has[0] ? "is there and must not be" : "is missing"}`;
    const difference = findDifference(actual[name], expected[name], `${path}.${name}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function differentBytes(actual: Uint8Array, expected: Uint8Array, path: string): string | undefined {
  if (actual.length !== expected.length) return `${path}: expected ${expected.length} bytes, got ${actual.length}`;
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  return at < 0 ? undefined : `${path}: byte ${at} of ${expected.length} is ${actual[at]} instead of ${expected[at]}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Short enough for a message. */
export function describeValue(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (typeof value === "bigint" || typeof value === "symbol" || typeof value === "function" || !isObject(value)) return Object.is(value, -0) ? "-0" : String(value);
  try {
    const text = JSON.stringify(value) ?? Object.prototype.toString.call(value);
    return text.length > 200 ? `${text.slice(0, 200)}…` : text;
  } catch {
    return Object.prototype.toString.call(value);
  }
}
