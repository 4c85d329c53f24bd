// A golden text notices every change of behaviour, right or wrong, and whoever writes the texts
// anew blesses it. So it counts as a killer of its own kind, and where a safety rule is at stake it
// does not count at all: something must assert the rule itself.

const GOLDEN_FILES = ["packages/core/test/goldens.test.ts"];

/** @param name a test, as `file › test`, or a file */
export function isGolden(name: string): boolean {
  return GOLDEN_FILES.some((file) => name === file || name.startsWith(`${file} › `));
}

/**
 * Golden texts last, so that a kill by one of them says that nothing else of the package noticed;
 * otherwise the quickest first.
 * @param path a test file, from anywhere
 * @param durations of each, by its path from the root
 * @returns what to sort by
 */
export function orderOf(path: string, durations: Readonly<Record<string, number>>): number {
  if (GOLDEN_FILES.some((file) => path.endsWith(file))) return Number.MAX_VALUE;
  return Object.entries(durations).find(([file]) => path.endsWith(file))?.[1] ?? 0;
}
