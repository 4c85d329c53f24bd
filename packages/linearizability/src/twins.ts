// Finds unknown operations with the same input: of these, the one that was called first may always
// go first, so that a hundred equal retries are one choice and not a hundred.

/**
 * @returns for each input the place of the last equal one before it, or -1. Only plain data is ever
 * called equal.
 */
export function twinsOf(inputs: readonly unknown[]): readonly number[] {
  const last = new Map<string, number>();
  return inputs.map((input, place) => {
    const text = textOf(input);
    const before = text === undefined ? undefined : last.get(text);
    if (text !== undefined) last.set(text, place);
    return before !== undefined && isEqual(inputs[before], input) ? before : -1;
  });
}

function textOf(input: unknown): string | undefined {
  try {
    return JSON.stringify(input);
  } catch {
    return undefined;
  }
}

/** JSON alone would call two different maps equal. */
function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return Object.is(a, b);
  }
  const prototype: unknown = Object.getPrototypeOf(a);
  if (
    prototype !== Object.getPrototypeOf(b) ||
    (prototype !== Object.prototype && prototype !== Array.prototype)
  ) {
    return false;
  }
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => isEqual(Reflect.get(a, name), Reflect.get(b, name)))
  );
}
