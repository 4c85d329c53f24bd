// Proposals whose place becomes known after the entry there was applied: the result is kept for a
// while, bounded.
import { describe, expect, test } from "vitest";
import { NotProposed, OutcomeUnknown } from "raftkit";
import { Proposal, Proposals } from "../src/proposals.js";
import { collectGarbage } from "./support/garbage.js";

function propose<Result>(proposals: Proposals<Result>): Promise<unknown> {
  return new Promise((resolve) => {
    proposals.add(new Proposal<Result>(new Uint8Array(1), resolve, resolve));
    proposals.take();
  });
}

describe("an acceptance that comes after the apply", () => {
  test("of the same term: the result", async () => {
    const proposals = new Proposals<string>();
    const outcome = propose(proposals);
    proposals.onApplied(5, 2, "five");
    proposals.onAccepted(1, 1, 5, 2, 5);
    expect(await outcome).toBe("five");
  });

  test("of another term: another leader's entry took its place", async () => {
    const proposals = new Proposals<string>();
    const outcome = propose(proposals);
    proposals.onApplied(5, 3, "five");
    proposals.onAccepted(1, 1, 5, 2, 5);
    expect(await outcome).toBeInstanceOf(NotProposed);
    expect(await outcome).toMatchObject({ reason: "superseded" });
  });

  test("after more than are kept: unknown", async () => {
    const proposals = new Proposals<string>();
    const outcome = propose(proposals);
    for (let index = 5; index <= 5 + 8192; index++) proposals.onApplied(index, 2, `${index}`);
    proposals.onAccepted(1, 1, 5, 2, 5 + 8192);
    expect(await outcome).toBeInstanceOf(OutcomeUnknown);
  });

  test("applied while nobody waited for an answer: unknown", async () => {
    const proposals = new Proposals<string>();
    proposals.onApplied(5, 2, "five");
    const outcome = propose(proposals);
    proposals.onAccepted(1, 1, 5, 2, 5);
    expect(await outcome).toBeInstanceOf(OutcomeUnknown);
  });
});

test("results are let go of when nobody waits for an answer any more", async () => {
  const proposals = new Proposals<object>();
  void propose(proposals);
  const refs = Array.from({ length: 100 }, (_, i) => {
    const result = { index: i + 5 };
    proposals.onApplied(i + 5, 2, result);
    return new WeakRef(result);
  });
  proposals.onAccepted(1, 1, 200, 2, 104);
  proposals.onApplied(105, 2, {});
  await new Promise<void>((resume) => void setImmediate(resume));
  collectGarbage();
  expect(refs.filter((ref) => ref.deref())).toEqual([]);
});

describe("two at one index, of different terms", () => {
  test("the entry that is applied there decides between them", async () => {
    const proposals = new Proposals<string>();
    const [one, other] = [propose(proposals), propose(proposals)];
    proposals.onAccepted(1, 1, 5, 2, 4);
    proposals.onAccepted(2, 1, 5, 3, 4);
    proposals.onApplied(5, 3, "five");
    expect(await one).toMatchObject({ reason: "superseded" });
    expect(await other).toBe("five");
  });

  test("a no-op there ends both", async () => {
    const proposals = new Proposals<string>();
    const [one, other] = [propose(proposals), propose(proposals)];
    proposals.onAccepted(1, 1, 5, 2, 4);
    proposals.onAccepted(2, 1, 5, 3, 4);
    proposals.onSkipped(5, 4);
    expect(await one).toMatchObject({ reason: "superseded" });
    expect(await other).toMatchObject({ reason: "superseded" });
  });

  test("the end of the node ends both as unknown", async () => {
    const proposals = new Proposals<string>();
    const [one, other] = [propose(proposals), propose(proposals)];
    proposals.onAccepted(1, 1, 5, 2, 4);
    proposals.onAccepted(2, 1, 5, 3, 4);
    proposals.endAll("gone");
    expect(await one).toBeInstanceOf(OutcomeUnknown);
    expect(await other).toBeInstanceOf(OutcomeUnknown);
  });
});
