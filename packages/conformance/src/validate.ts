// A suite is data; this says what is wrong with it. Suites of this package are checked in its tests; yours may be too.
import type { Suite } from "./suite.js";

/** @returns what is wrong, one sentence each; an empty list for a good suite */
export function validateSuite<Subject>(suite: Suite<Subject>): readonly string[] {
  const wrong: string[] = [];
  const earlier = new Set<string>();
  if (suite.length === 0) wrong.push("the suite has no case");
  for (const { id, title, rule, requires } of suite) {
    if (!/^[A-Z]+-\d{2,}$/.test(id)) wrong.push(`${id} is no id: capital letters, a hyphen and at least two digits`);
    if (earlier.has(id)) wrong.push(`${id} is there twice`);
    if (title.trim() === "" || rule.trim() === "") wrong.push(`${id} says not what must hold, or not why`);
    for (const required of requires) if (!earlier.has(required)) wrong.push(`${id} requires ${required}, which doesn't come before it`);
    earlier.add(id);
  }
  return wrong;
}
