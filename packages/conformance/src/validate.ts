// Whether a suite and a target are put together right, apart from what the target does.
import { RaftkitError } from "@raftkit/core";
import type { Case, Suite, Target } from "./suite.js";

/**
 * @returns what is wrong with the suite itself, a sentence each: ids must be unique and
 * `PREFIX-01`, and `requires` name earlier cases
 */
export function validateSuite<Subject>(suite: Suite<Subject>): readonly string[] {
  const problems: string[] = [];
  const earlier = new Set<string>();
  for (const { id, title, rule, requires } of suite) {
    if (!/^[A-Z]+-\d{2}$/.test(id)) problems.push(`${id} is not like CODEC-01`);
    if (id.split("-")[0] !== suite[0]?.id.split("-")[0]) {
      problems.push(`${id} has another prefix than ${suite[0]?.id}`);
    }
    if (earlier.has(id)) problems.push(`${id} is there twice`);
    if (title === "" || rule === "") problems.push(`${id} has no title or no rule`);
    for (const name of requires) {
      if (!earlier.has(name)) problems.push(`${id} requires ${name}, which is not an earlier case`);
    }
    earlier.add(id);
  }
  if (suite.length === 0) problems.push("there is no case");
  return problems;
}

/** What the suite's cases ask for, each once, in order of appearance. */
export function capabilitiesOf<Subject>(suite: Suite<Subject>): readonly string[] {
  return [...new Set(suite.flatMap(({ capabilities }) => capabilities))];
}

/**
 * A misspelt capability would skip cases for ever. @throws {RaftkitError}
 * `CONFORMANCE_UNKNOWN_CAPABILITY`
 */
export function checkCapabilities<Subject>(suite: Suite<Subject>, target: Target<Subject>): void {
  const known = capabilitiesOf(suite);
  const unknown = target.capabilities.find((capability) => !known.includes(capability));
  if (unknown === undefined) return;
  throw new RaftkitError(
    "CONFORMANCE_UNKNOWN_CAPABILITY",
    `${target.name} declares the capability "${unknown}", which no case of the suite asks for; ${known.length === 0 ? "there are none" : `there are: ${known.join(", ")}`}`,
  );
}

/**
 * @returns all cases, or those of `only` and those they build on, in the suite's order. @throws
 * {RaftkitError} `CONFORMANCE_UNKNOWN_CASE`
 */
export function casesFor<Subject>(
  suite: Suite<Subject>,
  only: readonly string[] | undefined,
): readonly Case<Subject>[] {
  if (only === undefined) return suite;
  const unknown = only.find((wanted) => !suite.some(({ id }) => id === wanted));
  if (unknown !== undefined) {
    throw new RaftkitError(
      "CONFORMANCE_UNKNOWN_CASE",
      `there is no case "${unknown}" in the suite; there are ${suite[0]?.id} to ${suite.at(-1)?.id}`,
    );
  }
  const wanted = new Set(only);
  // Requirements stand earlier: one pass from the end finds all.
  for (const { id, requires } of suite.toReversed()) {
    if (wanted.has(id)) for (const name of requires) wanted.add(name);
  }
  return suite.filter(({ id }) => wanted.has(id));
}
