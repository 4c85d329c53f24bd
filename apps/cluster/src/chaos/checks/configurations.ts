// Whether the configurations of a run agree and follow one another one change at a time: what is
// committed at an index is the same on all nodes, and between two committed ones each step is one
// that joint consensus has (paper §6).
import type { SeenConfiguration } from "../processes/configuration-record.js";

type Configuration = Pick<SeenConfiguration, "index" | "voters" | "learners" | "outgoing">;

export interface ConfigurationFindings {
  readonly errors: readonly string[];
  /** How many different ones were committed, as far as was seen. */
  readonly committed: number;
}

/** @param seen in any order; nodes' logs have those in force, committed or not */
export function checkConfigurations(seen: readonly SeenConfiguration[]): ConfigurationFindings {
  const { committed, errors } = agreedOn(seen.filter(({ isCommitted }) => isCommitted));
  const between = new Map(seen.map((one) => [`${one.index} ${textOf(one)}`, one]));
  const all = [...between.values()].toSorted((a, b) => a.index - b.index);
  const gaps = committed.flatMap((later, i) => {
    const earlier = committed[i - 1];
    if (!earlier || leadsTo(earlier, later, all)) return [];
    return [
      `no single changes lead from ${textOf(earlier)} at index ${earlier.index} to ${textOf(later)} at index ${later.index}`,
    ];
  });
  return { errors: [...errors, ...gaps], committed: committed.length };
}

/** One for each index. */
function agreedOn(seen: readonly SeenConfiguration[]): {
  readonly committed: readonly SeenConfiguration[];
  readonly errors: readonly string[];
} {
  const byIndex = new Map<number, SeenConfiguration>();
  const errors: string[] = [];
  for (const one of seen) {
    const other = byIndex.get(one.index);
    if (!other) byIndex.set(one.index, one);
    else if (textOf(other) !== textOf(one)) {
      errors.push(
        `at index ${one.index} ${other.node} has committed ${textOf(other)}, ${one.node} ${textOf(one)}`,
      );
    }
  }
  const committed = [...byIndex.values()].toSorted((a, b) => a.index - b.index);
  return { committed, errors };
}

/** @param between in order; some of them may never have been committed */
function leadsTo(
  from: Configuration,
  to: Configuration,
  between: readonly Configuration[],
): boolean {
  const reached: Configuration[] = [from];
  for (const next of between) {
    if (next.index <= from.index || next.index >= to.index) continue;
    if (reached.some((one) => one.index < next.index && isStep(one, next))) reached.push(next);
  }
  return reached.some((one) => isStep(one, to));
}

/** From one to the very next: into a joint phase, out of it, or without any change of voters. */
function isStep(one: Configuration, next: Configuration): boolean {
  const same = (a: readonly string[], b: readonly string[]): boolean => String(a) === String(b);
  if (one.outgoing.length > 0) return next.outgoing.length === 0 && same(one.voters, next.voters);
  if (next.outgoing.length > 0) return same(one.voters, next.outgoing);
  return same(one.voters, next.voters);
}

function textOf({ voters, learners, outgoing }: Configuration): string {
  const list = (members: readonly string[]): string => `{${members.join(", ")}}`;
  const others = learners.length === 0 ? "" : ` learners ${list(learners)}`;
  return `${list(voters)}${others}${outgoing.length === 0 ? "" : ` and ${list(outgoing)}`}`;
}
