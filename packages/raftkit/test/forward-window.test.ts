// What waited for a leader is handed to core in portions that it can forward, in the order of the
// calls (decision 0036).
import { describe, expect, onTestFinished, test } from "vitest";
import { createNode, NotProposed } from "raftkit";
import { LeaderGate } from "../src/leader-gate.js";
import { callerOf, Proposal } from "../src/proposal.js";
import { Proposals } from "../src/proposals.js";
import { createVirtualClock } from "./support/clock.js";
import { partsOf } from "./support/cluster.js";
import { createTestNetwork } from "./support/network.js";

test.each([
  ["the bytes", 2 ** 20, 12, 900_000],
  ["the messages", 2 ** 16 + 4096, 900, 1500],
])(
  "more than a follower may forward at once, by %s, are all applied, in order",
  async (_what, maxFrameBytes, count, length) => {
    const clock = createVirtualClock();
    const network = createTestNetwork(clock);
    const ids = ["n1", "n2", "n3"];
    const nodes = await Promise.all(
      ids.map((id) => {
        const { options, transport } = partsOf(clock, network, id, ids);
        Object.assign(transport, { maxFrameBytes });
        return createNode(options);
      }),
    );
    onTestFinished(async () => {
      await clock.outcome(Promise.all(nodes.map((node) => node.close())));
    });
    const waiter = nodes[2];
    if (!waiter) throw new Error("n3 is missing");
    const calls = Array.from({ length: count }, () => waiter.propose("x".repeat(length)));
    const places = await clock.outcome(Promise.all(calls));
    expect(waiter.status().role).toBe("follower");
    expect(places).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  },
);

describe("what waits is handed over", () => {
  const gate = (): LeaderGate => {
    const opened = new LeaderGate(createVirtualClock(), 50, 300, () => {});
    opened.onRole("n1");
    return opened;
  };
  const text = (bytes: readonly Uint8Array[] = []): string => Buffer.concat(bytes).toString();

  function adder(proposals: Proposals<string>): Record<"ends", string[]> & {
    readonly add: (name: string, waitsAt: LeaderGate | null) => Proposal<string>;
  } {
    const ends: string[] = [];
    return {
      ends,
      add(name, waitsAt) {
        const end = (how: unknown): void =>
          void ends.push(`${name} ${how instanceof NotProposed ? how.reason : String(how)}`);
        const proposal = new Proposal<string>(
          [Buffer.from(name)],
          callerOf<string>(end, end),
          waitsAt,
        );
        proposals.add(proposal);
        return proposal;
      },
    };
  }

  test("while answers are missing for less than the window, also to calls that ended", () => {
    let turns = 0;
    const proposals = new Proposals<string>(Infinity, 2 * 257, () => turns++);
    const { add, ends } = adder(proposals);
    const [open, all] = [gate(), ["a", "b", "c", "d"]];
    const [a] = all.map((name) => add(name, open));
    expect(text(proposals.take()?.commands)).toBe("ab");
    a?.abort("enough");
    add("e", open);
    add("f", null);
    expect(text(proposals.take()?.commands)).toBe("f");
    expect(turns).toBe(0);
    proposals.onRejected(3, 1, () => new NotProposed("overloaded", "full"));
    expect([proposals.take(), turns]).toEqual([undefined, 1]);
    proposals.onUnknown(1, 1);
    expect([text(proposals.take()?.commands), turns]).toEqual(["c", 2]);
    proposals.onAccepted(2, 1, 7, 1, 0);
    expect([text(proposals.take()?.commands), turns]).toEqual(["d", 3]);
    proposals.onAccepted(4, 2, 8, 1, 0);
    expect([text(proposals.take()?.commands), turns]).toEqual(["e", 4]);
    proposals.onAccepted(6, 1, 10, 1, 0);
    for (const [i, name] of ["b", "c", "d", "e"].entries()) {
      proposals.onApplied(7 + i, 1, `is ${name}`);
    }
    expect(ends.slice(2)).toEqual(["b is b", "c is c", "d is d", "e is e"]);
    expect(turns).toBe(4);
  });

  test("in the order of the calls, whichever refusal comes first", () => {
    const proposals = new Proposals<string>(Infinity);
    const { add } = adder(proposals);
    const open = gate();
    for (const name of ["a", "b", "c", "d", "e"]) add(name, open);
    proposals.take();
    const why = (): NotProposed => new NotProposed("notSent", "unreachable");
    proposals.onNotTaken(3, 1, why);
    proposals.onNotTaken(1, 1, why);
    proposals.onNotTaken(5, 1, why);
    proposals.onNotTaken(2, 1, why);
    proposals.onNotTaken(4, 1, why);
    add("f", open);
    expect(text(proposals.take()?.commands)).toBe("abcdef");
  });
});
