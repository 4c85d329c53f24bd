// What the cases say about values: each function throws an error that tells what was expected and
// what came. No test library, so that a suite runs anywhere. Nothing in here knows what is being
// tested.
import { isDeepStrictEqual } from "node:util";
import { RaftkitError } from "@raftkit/core";
import { printable, show } from "./show.js";

/** Thrown by these functions: the implementation did something else than the case asks for. */
export class Unexpected extends RaftkitError {
  constructor(message: string, options?: { cause?: unknown }) {
    super("CONFORMANCE_UNEXPECTED", printable(message), options);
  }
}

/** The case ends here. @param message what was expected and what came */
export function fail(message: string, cause?: unknown): never {
  throw new Unexpected(message, { cause });
}

/** @param message what was expected and what came */
export function ensure(condition: boolean, message: string): asserts condition {
  if (!condition) fail(message);
}

/** @param what what has to be true, as a sentence: it is the message */
export function expectTrue(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Unexpected(`expected that ${what}`);
}

/** Deep and strict: prototypes count, and -0 differs from 0. @param what names the value */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  if (!isDeepStrictEqual(actual, expected)) {
    throw new Unexpected(`${what}: expected ${show(expected)}, got ${show(actual)}`);
  }
}

/**
 * Tells the first byte that differs. Any two views of bytes can be compared. @param what names the
 * bytes
 */
export function expectEqualBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  const length = Math.min(actual.length, expected.length);
  for (let i = 0; i < length; i++) {
    if (actual[i] !== expected[i]) {
      throw new Unexpected(
        `${what}: byte ${i} of ${expected.length} is ${actual[i]}, expected ${expected[i]}`,
      );
    }
  }
  if (actual.length !== expected.length) {
    throw new Unexpected(`${what}: ${actual.length} bytes, expected ${expected.length}`);
  }
}

/**
 * Runs `run`, which must throw or reject with a `RaftkitError`. It is known by its name and its
 * code, not by its class: an adapter may have loaded another copy of core.
 * @returns what it threw
 */
export async function expectRefusal(
  run: () => unknown,
  what: string,
  code?: string,
): Promise<RaftkitError> {
  let value: unknown;
  try {
    value = await run();
  } catch (error) {
    if (!isRaftkitError(error)) {
      throw new Unexpected(`${what}: expected a RaftkitError, got ${show(error)}`, {
        cause: error,
      });
    }
    if (code !== undefined && error.code !== code) {
      throw new Unexpected(
        `${what}: expected the code ${code}, got ${error.code}: ${error.message}`,
        { cause: error },
      );
    }
    return error;
  }
  throw new Unexpected(`${what}: expected a RaftkitError, got the result ${show(value)}`);
}

export function isRaftkitError(error: unknown): error is RaftkitError {
  return (
    error instanceof RaftkitError ||
    (error instanceof Error &&
      "code" in error &&
      typeof error.code === "string" &&
      inheritsFrom(error, "RaftkitError"))
  );
}

function inheritsFrom(error: Error, name: string): boolean {
  for (
    let prototype: unknown = error;
    prototype instanceof Error;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    if (prototype.constructor.name === name) return true;
  }
  return false;
}
