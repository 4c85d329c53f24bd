// Finds what a value may not contain, since msgpackr would change it or build something else from
// it. The walk allocates nothing unless it finds something.

/** How many arrays and objects may contain one another; a value without any has depth 0. */
export const MAX_DEPTH = 64;

const BYTE_ORDER_MARK = 0xfeff;

export interface Flaw {
  /** As part of a sentence: `undefined`, `an instance of Date`. */
  readonly what: string;
  /** From the value itself to the flaw: indexes and keys. */
  readonly trail: (string | number)[];
}

/**
 * @param refusedKey the one key that no object may have
 * @returns the first place at which `value` can't be carried unchanged; undefined: it can
 */
export function findFlaw(
  value: unknown,
  refusedKey: string,
  levels: number = MAX_DEPTH,
): Flaw | undefined {
  switch (typeof value) {
    case "string":
      return findFlawInText(value, "a string");
    case "number":
      return Number.isFinite(value) ? undefined : { what: String(value), trail: [] };
    case "boolean":
      return undefined;
    case "object":
      if (value === null || value instanceof Uint8Array) return undefined;
      if (levels === 0) {
        const what = `more than ${MAX_DEPTH} nested arrays and objects (or a cycle)`;
        return { what, trail: [] };
      }
      return Array.isArray(value)
        ? findFlawInArray(value, refusedKey, levels - 1)
        : findFlawInObject(value, refusedKey, levels - 1);
    default:
      return { what: value === undefined ? "undefined" : `a ${typeof value}`, trail: [] };
  }
}

/** Lone surrogates become U+FFFD, and a leading U+FEFF is lost where the native part is missing. */
function findFlawInText(text: string, kind: string): Flaw | undefined {
  if (text.charCodeAt(0) === BYTE_ORDER_MARK) {
    return { what: `${kind} that begins with U+FEFF`, trail: [] };
  }
  return text.isWellFormed() ? undefined : { what: `${kind} with a lone surrogate`, trail: [] };
}

function findFlawInArray(
  array: readonly unknown[],
  refusedKey: string,
  levels: number,
): Flaw | undefined {
  // A subclass, or an array with a `constructor` of its own, after which msgpackr chooses the form.
  const constructor: unknown = array.constructor;
  if (constructor !== Array) return { what: instanceOf(array), trail: [] };
  for (let i = 0; i < array.length; i++) {
    const flaw = findFlaw(array[i], refusedKey, levels);
    if (flaw !== undefined) return inside(i, flaw);
  }
  return undefined;
}

function findFlawInObject(object: object, refusedKey: string, levels: number): Flaw | undefined {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    return { what: instanceOf(object), trail: [] };
  }
  for (const key of Object.keys(object)) {
    const flaw =
      key === refusedKey
        ? { what: `the key ${key}`, trail: [] }
        : (findFlawInText(key, "a key") ??
          findFlaw((object as Readonly<Record<string, unknown>>)[key], refusedKey, levels));
    if (flaw !== undefined) return inside(key, flaw);
  }
  return undefined;
}

function inside(step: string | number, flaw: Flaw): Flaw {
  flaw.trail.unshift(step);
  return flaw;
}

function instanceOf(object: object): string {
  const constructor: unknown = "constructor" in object ? object.constructor : undefined;
  return typeof constructor === "function" && constructor.name !== ""
    ? `an instance of ${constructor.name}`
    : "an instance of a class";
}

/** Names a flaw and its place, such as `undefined at $[2].name`; `$` is the value itself. */
export function describeFlaw({ what, trail }: Flaw): string {
  let path = "$";
  for (const step of trail) {
    path +=
      typeof step === "string" && /^[A-Za-z_]\w{0,63}$/.test(step)
        ? `.${step}`
        : `[${JSON.stringify(step).slice(0, 80)}]`;
  }
  return `${what} at ${path}`;
}
