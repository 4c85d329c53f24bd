// Quorums of joint configurations against an oracle that tries every set of members.
import { expect, test } from "vitest";
import fc from "fast-check";
import { reachedByBoth } from "../src/quorum/joint.js";

interface Figures {
  /** Of every member, in one of the halves or in both. */
  readonly values: readonly number[];
  readonly voters: readonly boolean[];
  readonly outgoing: readonly boolean[];
}

const figures: fc.Arbitrary<Figures> = fc.integer({ min: 0, max: 7 }).chain((members) => {
  const of = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> =>
    fc.array(one, { minLength: members, maxLength: members });
  const value = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(-Infinity));
  return fc.record({ values: of(value), voters: of(fc.boolean()), outgoing: of(fc.boolean()) });
});

const half = ({ values }: Figures, isIn: readonly boolean[]): number[] =>
  values.filter((_, i) => isIn[i]);

/** More than half of each half that has somebody; where nobody is in either, no set is enough. */
function isQuorum({ voters, outgoing }: Figures, set: number): boolean {
  const size = (isIn: readonly boolean[]): number => isIn.filter(Boolean).length;
  const chosen = (isIn: readonly boolean[]): number =>
    isIn.filter((one, i) => one && ((set >> i) & 1) === 1).length;
  if (size(voters) + size(outgoing) === 0) return false;
  return [voters, outgoing].every((one) => size(one) === 0 || 2 * chosen(one) > size(one));
}

/** The largest value that all members of some quorum have reached. */
function byEnumeration(given: Figures): number {
  const { values } = given;
  let highest = -Infinity;
  for (let set = 0; set < 1 << values.length; set++) {
    if (!isQuorum(given, set)) continue;
    const chosen = values.filter((_, i) => ((set >> i) & 1) === 1);
    highest = Math.max(highest, Math.min(...chosen));
  }
  return highest;
}

test("what both halves have reached is what some quorum has", () => {
  fc.assert(
    fc.property(figures, (given) => {
      const reached = reachedByBoth(half(given, given.voters), half(given, given.outgoing));
      expect(reached).toBe(byEnumeration(given));
    }),
    { numRuns: 2000 },
  );
});

test("any two quorums of one joint configuration share a member, and so do those of its halves", () => {
  fc.assert(
    fc.property(figures, fc.nat({ max: 127 }), fc.nat({ max: 127 }), (given, a, b) => {
      const none = given.voters.map(() => false);
      fc.pre(given.voters.includes(true) && given.outgoing.includes(true));
      fc.pre(isQuorum(given, a));
      for (const other of [given, { ...given, outgoing: none }, { ...given, voters: none }]) {
        if (isQuorum(other, b)) expect(a & b).not.toBe(0);
      }
    }),
  );
});

test("a configuration of nobody has no quorum, and one half alone is asked where the other is empty", () => {
  expect(reachedByBoth([], [])).toBe(-Infinity);
  expect(reachedByBoth([3, 1, 2], [])).toBe(2);
  expect(reachedByBoth([], [3, 1, 2])).toBe(2);
  expect(reachedByBoth([9, 9, 0], [1, 1, 9])).toBe(1);
});
