// When two codec values are the same: by their content. -0 is 0, any view of bytes equals another
// with the same bytes, an object's prototype doesn't count. Objects list their keys in the same
// order.
import type { Codec, CodecValue } from "@raftkit/core";
import { isSame } from "../bytes.js";
import { Unexpected, isRaftkitError } from "../expect.js";
import { show, toError } from "../show.js";
import { refusablePlaces } from "./values.js";

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

/**
 * @throws {Unexpected} when the value doesn't survive being encoded and decoded, nor is one that may
 * be refused, and is refused by name
 */
export function comesBack(codec: Codec, value: CodecValue, what?: string): void {
  const name = (): string => what ?? show(value);
  const bytes = encodedUnlessRefused(codec, value, name);
  if (bytes !== undefined) expectSame(decoded(codec, bytes, name), value, name);
}

/**
 * @returns undefined when the value is one that a codec may refuse, and `encode` refused it by name
 * @throws {Unexpected} when `encode` refuses any other value, or without a code and a place
 */
export function encodedUnlessRefused(
  codec: Codec,
  value: CodecValue,
  what: () => string,
): Uint8Array | undefined {
  const places = refusablePlaces(value);
  if (places.length === 0) return encoded(codec, value, what);
  try {
    return codec.encode(value);
  } catch (error) {
    if (
      isRaftkitError(error) &&
      error.code === "CODEC_ENCODE" &&
      places.some((place) => error.message.includes(place))
    ) {
      return undefined;
    }
    throw new Unexpected(
      `${what()} may be refused, by a RaftkitError with the code CODEC_ENCODE that names the place (${places[0]}), not by ${show(error)}`,
      { cause: error },
    );
  }
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
