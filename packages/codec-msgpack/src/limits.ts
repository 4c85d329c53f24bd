// What both directions agree on: how deep values nest, and how a place inside a value is named in
// errors.

/** How many arrays and objects may contain one another; a value without any has depth 0. */
export const MAX_DEPTH = 64;

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
