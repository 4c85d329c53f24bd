// What the storage cases say when something doesn't hold: what was expected, what came. Never
// swallows anything.
import { ensure, expectRefusal, fail } from "../expect.js";
import { show } from "../show.js";

/** Compares as JSON, in which the order of fields counts. */
export function same(found: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) fail(`${what}: expected ${short(b, a)}, found ${short(a, b)}`);
}

/** The part of a long text in which it differs from another. */
export function short(text: string | undefined, other: string | undefined): string {
  if (text === undefined || text.length < 200) return String(text);
  let from = 0;
  while (from < text.length && text[from] === other?.[from]) from++;
  from = Math.max(0, from - 60);
  return `${from > 0 ? "…" : ""}${text.slice(from, from + 160)}${from + 160 < text.length ? "…" : ""}`;
}

/** The promise must reject. @returns with what */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  return fail(
    `${what} must be refused, but it resolved${value === undefined ? "" : ` with ${short(JSON.stringify(value), undefined)}`}`,
  );
}

/**
 * The promise must reject in a way that programs and people understand: with a `RaftkitError` that
 * has a code and a message.
 */
export async function refusal(promise: Promise<unknown>, what: string): Promise<void> {
  const { code, message } = await expectRefusal(() => promise, what);
  ensure(
    /^[A-Z][A-Z0-9_]+$/.test(code) && message.length >= 10,
    `${what}: the error must have a code such as WRONG_IDENTITY, and say what is wrong and what to do; it has ${JSON.stringify({ code, message })}`,
  );
}

/**
 * What must work; an error that says only what the implementation said would not say what was asked
 * of it.
 */
export async function works<Result>(promise: Promise<Result>, what: string): Promise<Result> {
  try {
    return await promise;
  } catch (error) {
    return fail(`${what} must work, but it was refused: ${show(error)}`, error);
  }
}
