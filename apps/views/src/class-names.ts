// Names of classes, put together, and those of the colours of terms.

/** Colours repeat after so many terms. */
const TERM_COLOURS = 10;

export function termClass(term: number): string {
  return `term-${term % TERM_COLOURS}`;
}

export function classes(...names: readonly (string | false)[]): string {
  return names.filter((name) => name !== false).join(" ");
}
