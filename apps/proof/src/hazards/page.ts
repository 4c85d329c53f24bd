// Reads docs/hazards.md and judges it against the tests that ran. Knows nothing of how tests are
// run.

export interface Row {
  /** `1` to `73`; `W1` and on for schedules, `S1` and on for security. */
  readonly id: string;
  readonly hazard: string;
  /** `file › test` */
  readonly tests: readonly string[];
  readonly mutants: readonly string[];
  /** What stands in place of tests. */
  readonly later: string | undefined;
}

/** How many hazards the project set out to catch. */
export const HAZARDS = 73;

export function readPage(page: string): Row[] {
  return page.split("\n").flatMap((line) => {
    const cells = line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    const [id = "", hazard = "", evidence = "", named = ""] = cells;
    if (cells.length !== 4 || !/^[SW]?\d+$/.test(id)) return [];
    const tests = [...evidence.matchAll(/`([^`]+ › [^`]+)`/g)].map(([, name = ""]) => name);
    const mutants = named
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    return [
      {
        id,
        hazard,
        tests,
        mutants,
        later:
          tests.length === 0 && /^(later|not stopped): \S/.test(evidence) ? evidence : undefined,
      },
    ];
  });
}

/**
 * @param mutants that exist
 * @returns what is wrong with the page itself
 */
export function pageFaults(rows: readonly Row[], mutants: ReadonlySet<string>): string[] {
  const ids = rows.map(({ id }) => id);
  const missing = Array.from({ length: HAZARDS }, (_, i) => String(i + 1)).filter(
    (id) => !ids.includes(id),
  );
  return [
    ...missing.map((id) => `hazard ${id} has no row`),
    ...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `hazard ${id} has two rows`),
    ...ids
      .filter((id) => /^\d/.test(id) && (Number(id) < 1 || Number(id) > HAZARDS))
      .map((id) => `there is no hazard ${id}`),
    ...rows
      .filter(({ tests, later }) => tests.length === 0 && later === undefined)
      .map(({ id }) => `hazard ${id} names neither a test nor what it waits for`),
    ...rows.flatMap((row) =>
      row.mutants
        .filter((name) => !mutants.has(name))
        .map((name) => `hazard ${row.id} names the mutant ${name}, which doesn't exist`),
    ),
  ];
}

/**
 * @param results how each test ended, by full name
 * @returns what the tests say against the page
 */
export function testFaults(rows: readonly Row[], results: ReadonlyMap<string, string>): string[] {
  return rows.flatMap(({ id, tests }) =>
    tests.flatMap((name) => {
      const state = results.get(name);
      return state === "passed" ? [] : [`hazard ${id}: ${state ?? "there is no test"}: ${name}`];
    }),
  );
}

/** @returns the test files that are named */
export function filesOf(rows: readonly Row[]): string[] {
  return [
    ...new Set(rows.flatMap(({ tests }) => tests.map((name) => name.split(" › ")[0] ?? ""))),
  ].toSorted();
}
