// Shared by both directions: the nesting limit, the form of bytes, and the name of a place inside a
// value.

/** How many arrays and objects may contain one another; a value without any has depth 0. */
export const MAX_DEPTH = 64;

/**
 * Bytes are written as `{"$bytes":"<base64>"}`. Keys that start with `$` get a second one, so no
 * object looks like that.
 */
export const BYTES_KEY = "$bytes";
export const ESCAPE = "$";

/** Names a place inside a value, such as `$[2].name`; `$` is the value itself. */
export function describePath(trail: readonly (string | number)[]): string {
  let path = "$";
  for (const step of trail) {
    path +=
      typeof step === "string" && /^[A-Za-z_]\w{0,63}$/.test(step)
        ? `.${step}`
        : `[${JSON.stringify(step).slice(0, 80)}]`;
  }
  return path;
}
