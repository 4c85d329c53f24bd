// Many commands of one call, of which core answers some at a time: each ends once, as it must, and
// none gets behind a later one of its call.
import { describe, expect, test } from "vitest";
import { NotProposed, OutcomeUnknown, Overloaded } from "raftkit";
import { LeaderGate } from "../src/leader-gate.js";
import { Proposal } from "../src/proposal.js";
import { ProposalBatch } from "../src/proposal-batch.js";
import { Proposals } from "../src/proposals.js";
import { createVirtualClock } from "./support/clock.js";

describe("core's answers may concern some of the commands", () => {
  const open = (): LeaderGate => {
    const gate = new LeaderGate(createVirtualClock(), 50, 300, () => {});
    gate.onRole("n1");
    return gate;
  };

  function call(
    proposals: Proposals<string>,
    names: readonly string[],
    gate: LeaderGate | null = open(),
  ): { readonly ends: unknown[]; readonly batch: ProposalBatch<string> } {
    const ends: unknown[] = [];
    const note = (outcomes: readonly unknown[]): void => {
      ends.push(
        ...outcomes.map((one) =>
          one instanceof NotProposed || one instanceof OutcomeUnknown ? one.reason : one,
        ),
      );
    };
    const batch = new ProposalBatch<string>(names.length, note, (error) => ends.push(error));
    const proposal = new Proposal<string>(
      names.map((name) => Buffer.from(name)),
      batch,
      gate,
    );
    batch.onSplit(proposal);
    proposals.add(proposal);
    return { ends, batch };
  }
  const taken = (proposals: Proposals<string>): string =>
    Buffer.concat(proposals.take()?.commands ?? []).toString();
  const why = (): NotProposed => new NotProposed("noLeader", "no leader");

  test("in any order, also across calls", () => {
    const proposals = new Proposals<string>(Infinity);
    const first = call(proposals, ["a", "b", "c", "d"]);
    const second = call(proposals, ["e", "f"]);
    expect(taken(proposals)).toBe("abcdef");
    proposals.onAccepted(4, 2, 20, 1, 0); // d and e
    proposals.onUnknown(2, 1); // b
    proposals.onRejected(6, 1, () => new Overloaded("full")); // f
    proposals.onAccepted(1, 1, 10, 1, 0); // a
    proposals.onApplied(10, 1, "A");
    proposals.onAccepted(3, 1, 12, 1, 10); // c
    for (const [index, result] of [
      [12, "C"],
      [20, "D"],
      [21, "E"],
    ] as const) {
      proposals.onApplied(index, 1, result);
    }
    expect(first.ends).toEqual(["A", "leaderChanged", "C", "D"]);
    expect(second.ends).toEqual(["E", "overloaded"]);
  });

  test("where a later term begins in the middle, what is behind has ended", () => {
    const proposals = new Proposals<string>(Infinity);
    const { ends } = call(proposals, ["a", "b", "c"]);
    proposals.take();
    proposals.onAccepted(1, 3, 5, 2, 4);
    proposals.onApplied(5, 2, "A");
    proposals.onSkipped(6, 3);
    expect(ends).toEqual(["A", "superseded", "superseded"]);
  });

  test("under two terms at overlapping indexes the entries decide", () => {
    const proposals = new Proposals<string>(Infinity);
    const early = call(proposals, ["a", "b", "c"]);
    const late = call(proposals, ["d", "e"]);
    proposals.take();
    proposals.onAccepted(4, 2, 6, 3, 4);
    proposals.onAccepted(1, 3, 5, 2, 4);
    proposals.onApplied(5, 2, "A");
    proposals.onApplied(6, 3, "D");
    proposals.onApplied(7, 3, "E");
    expect(early.ends).toEqual(["A", "superseded", "superseded"]);
    expect(late.ends).toEqual(["D", "E"]);
  });

  test("that were applied before they were known to be accepted: what was kept", () => {
    const proposals = new Proposals<string>(Infinity);
    const { ends } = call(proposals, ["a", "b", "c"]);
    proposals.take();
    proposals.onApplied(6, 2, "B");
    proposals.onAccepted(1, 3, 5, 2, 6);
    proposals.onApplied(7, 2, "C");
    expect(ends).toEqual(["leaderChanged", "B", "C"]);
  });

  test("that a snapshot covers: those are unknown", () => {
    const proposals = new Proposals<string>(Infinity);
    const { ends } = call(proposals, ["a", "b", "c"]);
    proposals.take();
    proposals.onAccepted(1, 3, 5, 2, 4);
    proposals.onApplied(5, 2, "A");
    proposals.onRestored(6, 2);
    proposals.onApplied(7, 2, "C");
    expect(ends).toEqual(["A", "snapshotInstalled", "C"]);
  });

  test("a command isn't handed over again behind a later one of its call", () => {
    const proposals = new Proposals<string>(Infinity);
    const { ends } = call(proposals, ["a", "b", "c"]);
    taken(proposals);
    proposals.onNotTaken(1, 1, why);
    expect(taken(proposals)).toBe("");
    proposals.onNotTaken(2, 2, why);
    expect(taken(proposals)).toBe("bc");
    proposals.onAccepted(4, 2, 5, 2, 4);
    proposals.onApplied(5, 2, "B");
    proposals.onApplied(6, 2, "C");
    expect(ends).toEqual(["noLeader", "B", "C"]);
  });

  test("they wait again before what was called later", () => {
    const proposals = new Proposals<string>(Infinity, 3 * 257);
    const gate = open();
    call(proposals, ["a", "b", "c", "d", "e"], gate);
    call(proposals, ["f"], gate);
    expect(taken(proposals)).toBe("abc");
    proposals.onNotTaken(2, 2, why);
    expect(taken(proposals)).toBe("bc");
    proposals.onAccepted(1, 1, 5, 2, 4);
    expect(taken(proposals)).toBe("d");
    proposals.onAccepted(4, 3, 6, 2, 4);
    expect(taken(proposals)).toBe("ef");
  });

  test("those that don't wait fail, each once, also when the call has ended", () => {
    const proposals = new Proposals<string>(Infinity);
    const { ends, batch } = call(proposals, ["a", "b", "c"], null);
    const given = call(proposals, ["d", "e"], null);
    taken(proposals);
    proposals.onNotTaken(1, 1, why);
    batch.abort("enough");
    given.batch.expire();
    expect(ends).toEqual(["noLeader", "aborted", "aborted"]);
    proposals.onAccepted(2, 3, 5, 2, 4);
    proposals.onUnknown(5, 1);
    for (const index of [5, 6, 7]) proposals.onApplied(index, 2, "late");
    expect([ends.length, given.ends]).toEqual([3, ["timeout", "timeout"]]);
  });
});
