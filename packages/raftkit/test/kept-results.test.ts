// Proposals whose place becomes known after the entry there was applied: the result is kept for a
// while, bounded.
import { describe, expect, test } from "vitest";
import { NotProposed, OutcomeUnknown } from "raftkit";
import { callerOf, Proposal } from "../src/proposal.js";
import { Proposals } from "../src/proposals.js";
import { countKept } from "./support/garbage.js";

function propose<Result>(proposals: Proposals<Result>): Promise<unknown> {
  return new Promise((resolve) => {
    proposals.add(new Proposal<Result>([new Uint8Array(1)], callerOf<Result>(resolve, resolve)));
    proposals.take();
  });
}

describe("an acceptance that comes after the apply", () => {
  test("of the same term: the result", async () => {
    const proposals = new Proposals<string>(Infinity);
    const outcome = propose(proposals);
    proposals.onApplied(5, 2, "five");
    proposals.onAccepted(1, 1, 5, 2, 5);
    expect(await outcome).toBe("five");
  });

  test("of another term: another leader's entry took its place", async () => {
    const proposals = new Proposals<string>(Infinity);
    const outcome = propose(proposals);
    proposals.onApplied(5, 3, "five");
    proposals.onAccepted(1, 1, 5, 2, 5);
    expect(await outcome).toBeInstanceOf(NotProposed);
    expect(await outcome).toMatchObject({ reason: "superseded" });
  });

  test("after more than are kept: unknown", async () => {
    const proposals = new Proposals<string>(Infinity);
    const outcome = propose(proposals);
    for (let index = 5; index <= 5 + 8192; index++) proposals.onApplied(index, 2, `${index}`);
    proposals.onAccepted(1, 1, 5, 2, 5 + 8192);
    expect(await outcome).toBeInstanceOf(OutcomeUnknown);
  });

  test("applied while nobody waited for an answer: unknown", async () => {
    const proposals = new Proposals<string>(Infinity);
    proposals.onApplied(5, 2, "five");
    const outcome = propose(proposals);
    proposals.onAccepted(1, 1, 5, 2, 5);
    expect(await outcome).toBeInstanceOf(OutcomeUnknown);
  });
});

test("large results are kept up to a bound in bytes: the newest ones", async () => {
  const proposals = new Proposals<Uint8Array>(Infinity);
  const [oldest, newest] = [propose(proposals), propose(proposals)];
  const refs: WeakRef<object>[] = [];
  for (let index = 1; index <= 100; index++) {
    const result = new Uint8Array(2 ** 20);
    refs.push(new WeakRef(result));
    proposals.onApplied(index, 2, result);
  }
  const kept = await countKept(refs, 17);
  expect(kept).toBeGreaterThan(10);
  expect(kept).toBeLessThanOrEqual(17); // The loop's last one among them.
  proposals.onAccepted(1, 1, 1, 2, 100);
  proposals.onAccepted(2, 1, 100, 2, 100);
  expect(await oldest).toBeInstanceOf(OutcomeUnknown);
  expect(await newest).toBeInstanceOf(Uint8Array);
});

test("a result larger than the bound isn't kept, and takes the others' place only", async () => {
  const proposals = new Proposals<string>(Infinity);
  const [one, other] = [propose(proposals), propose(proposals)];
  proposals.onApplied(5, 2, "x".repeat(9 * 2 ** 20));
  proposals.onApplied(6, 2, "six");
  proposals.onAccepted(1, 1, 5, 2, 6);
  proposals.onAccepted(2, 1, 6, 2, 6);
  expect(await one).toBeInstanceOf(OutcomeUnknown);
  expect(await other).toBe("six");
});

test("what lies behind the window doesn't count, though no result took its place", async () => {
  const proposals = new Proposals<string>(Infinity);
  const outcomes = [propose(proposals), propose(proposals)];
  const large = "x".repeat(5 * 2 ** 20);
  proposals.onApplied(1, 2, large);
  for (let index = 2; index <= 8192; index++) proposals.onApplied(index, 2, `${index}`);
  proposals.onSkipped(8193, 2);
  proposals.onApplied(8194, 2, large);
  proposals.onAccepted(1, 1, 8192, 2, 8194);
  proposals.onAccepted(2, 1, 8194, 2, 8194);
  expect(await Promise.all(outcomes)).toEqual(["8192", large]);
});

test("results are let go of when nobody waits for an answer any more", async () => {
  const proposals = new Proposals<object>(Infinity);
  void propose(proposals);
  const refs = Array.from({ length: 100 }, (_, i) => {
    const result = { index: i + 5 };
    proposals.onApplied(i + 5, 2, result);
    return new WeakRef(result);
  });
  proposals.onAccepted(1, 1, 200, 2, 104);
  proposals.onApplied(105, 2, {});
  expect(await countKept(refs)).toBe(0);
});

describe("two at one index, of different terms", () => {
  test("the entry that is applied there decides between them", async () => {
    const proposals = new Proposals<string>(Infinity);
    const [one, other] = [propose(proposals), propose(proposals)];
    proposals.onAccepted(1, 1, 5, 2, 4);
    proposals.onAccepted(2, 1, 5, 3, 4);
    proposals.onApplied(5, 3, "five");
    expect(await one).toMatchObject({ reason: "superseded" });
    expect(await other).toBe("five");
  });

  test("a no-op there ends both", async () => {
    const proposals = new Proposals<string>(Infinity);
    const [one, other] = [propose(proposals), propose(proposals)];
    proposals.onAccepted(1, 1, 5, 2, 4);
    proposals.onAccepted(2, 1, 5, 3, 4);
    proposals.onSkipped(5, 4);
    expect(await one).toMatchObject({ reason: "superseded" });
    expect(await other).toMatchObject({ reason: "superseded" });
  });

  test("the end of the node ends both as unknown", async () => {
    const proposals = new Proposals<string>(Infinity);
    const [one, other] = [propose(proposals), propose(proposals)];
    proposals.onAccepted(1, 1, 5, 2, 4);
    proposals.onAccepted(2, 1, 5, 3, 4);
    proposals.endAll("closing", "gone");
    expect(await one).toBeInstanceOf(OutcomeUnknown);
    expect(await other).toBeInstanceOf(OutcomeUnknown);
  });
});

describe("once an entry of a later term is applied", () => {
  /** How those ended that have ended by now: the others would wait for their timeouts. */
  async function endsOf(outcomes: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
    const ends: unknown[] = outcomes.map(() => "waits");
    outcomes.forEach((outcome, i) => void outcome.then((end) => (ends[i] = end)));
    await new Promise<void>((resume) => void setImmediate(resume));
    return ends;
  }

  test("all that was accepted under an earlier term behind it is superseded, at once", async () => {
    const proposals = new Proposals<string>(Infinity);
    const outcomes = Array.from({ length: 10 }, () => propose(proposals));
    // Ten at the indexes 5 to 14 under term 2; one more under term 3.
    proposals.onAccepted(1, 10, 5, 2, 4);
    const later = propose(proposals);
    proposals.onAccepted(11, 1, 9, 3, 4);
    proposals.onApplied(5, 2, "five");
    expect(await endsOf(outcomes)).toEqual(["five", ...Array.from({ length: 9 }, () => "waits")]);
    proposals.onSkipped(6, 3);
    const superseded: unknown = expect.objectContaining({ reason: "superseded" });
    expect(await endsOf([...outcomes, later])).toEqual([
      "five",
      ...Array.from({ length: 9 }, () => superseded),
      "waits",
    ]);
    proposals.onApplied(9, 3, "nine");
    expect(await endsOf([later])).toEqual(["nine"]);
  });

  test("so is what is accepted afterwards under an earlier term", async () => {
    const proposals = new Proposals<string>(Infinity);
    const outcome = propose(proposals);
    proposals.onApplied(5, 3, "five");
    proposals.onAccepted(1, 1, 7, 2, 5);
    expect(await endsOf([outcome])).toMatchObject([{ reason: "superseded" }]);
  });
});
