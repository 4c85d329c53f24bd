// When two codec values are the same: by their content. -0 is 0, any view of bytes equals another
// with the same bytes, an object's prototype doesn't count. Objects list their keys in the same
// order.
import type { Codec, CodecValue } from "@raftkit/core";
import { isSame } from "../bytes.js";
import { Unexpected } from "../expect.js";
import { show, toError } from "../show.js";

/** @param what names the value. @throws {Unexpected} that names the first place that differs */
export function expectSame(
  actual: CodecValue,
  expected: CodecValue,
  what: string | (() => string),
): void {
  const found = difference(actual, expected);
  if (found === undefined) return;
  const place =
    found.path.length === 0
      ? ""
      : ` at ${found.path.map((key) => `[${JSON.stringify(key).slice(0, 40)}]`).join("")}`;
  throw new Unexpected(
    `${typeof what === "string" ? what : what()} came back changed${place}: ${found.told}`,
  );
}

/** @throws {Unexpected} when the value doesn't survive being encoded and decoded */
export function comesBack(codec: Codec, value: CodecValue, what?: string): void {
  const name = (): string => what ?? show(value);
  expectSame(decoded(codec, encoded(codec, value, name), name), value, name);
}

/** @throws {Unexpected} when `encode` refuses a value */
export function encoded(codec: Codec, value: CodecValue, what: () => string): Uint8Array {
  try {
    return codec.encode(value);
  } catch (error) {
    throw new Unexpected(`${what()} was refused by encode: ${toError(error).message}`, {
      cause: error,
    });
  }
}

/** @throws {Unexpected} when `decode` refuses what was encoded */
export function decoded(codec: Codec, bytes: Uint8Array, what: () => string): CodecValue {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw new Unexpected(
      `${what()} was encoded, but decode refused the bytes: ${toError(error).message}`,
      { cause: error },
    );
  }
}

interface Difference {
  readonly path: readonly string[];
  readonly told: string;
}

function difference(actual: unknown, expected: unknown): Difference | undefined {
  if (actual === expected) return undefined;
  const whole = (): Difference => ({
    path: [],
    told: `expected ${show(expected)}, got ${show(actual)}`,
  });
  if (
    typeof actual !== "object" ||
    typeof expected !== "object" ||
    actual === null ||
    expected === null
  ) {
    return whole();
  }
  if (actual instanceof Uint8Array || expected instanceof Uint8Array) {
    return actual instanceof Uint8Array &&
      expected instanceof Uint8Array &&
      isSame(actual, expected)
      ? undefined
      : whole();
  }
  if (Array.isArray(actual) !== Array.isArray(expected)) return whole();
  const [keys, wantedKeys] = [Object.keys(actual), Object.keys(expected)];
  if (keys.length !== wantedKeys.length) return whole();
  for (const [i, key] of keys.entries()) {
    const wantedKey = wantedKeys[i];
    if (key !== wantedKey) {
      return { path: [], told: `expected the key ${show(wantedKey)}, got ${show(key)}` };
    }
    const inner = difference(Reflect.get(actual, key), Reflect.get(expected, key));
    if (inner !== undefined) return { path: [key, ...inner.path], told: inner.told };
  }
  return undefined;
}
