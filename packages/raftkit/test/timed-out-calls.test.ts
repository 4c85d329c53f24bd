// Where a disk or a state machine hangs, calls time out; what is left of them must not pile up.
import { expect, test } from "vitest";
import { LeaderGate } from "../src/leader-gate.js";
import { callerOf, Proposal } from "../src/proposal.js";
import { Proposals } from "../src/proposals.js";
import { Read } from "../src/read.js";
import { Reads } from "../src/reads.js";
import { StateLock } from "../src/state-lock.js";
import { createVirtualClock } from "./support/clock.js";
import { countKept } from "./support/garbage.js";

const nothing = (): void => {};

test("proposals that were accepted and timed out before they were applied", async () => {
  const proposals = new Proposals<string>(Infinity);
  const refs = Array.from({ length: 10_000 }, (_, i) => {
    const proposal = new Proposal<string>([new Uint8Array(1)], callerOf<string>(nothing, nothing));
    proposals.add(proposal);
    proposals.take();
    proposals.onAccepted(i + 1, 1, i + 1, 1, 0);
    proposal.expire();
    return new WeakRef(proposal);
  });
  const waiting = new Promise((resolve) => {
    proposals.add(new Proposal<string>([new Uint8Array(1)], callerOf<string>(resolve, resolve)));
    proposals.take();
    proposals.onAccepted(10_001, 1, 10_001, 1, 0);
  });
  expect(await countKept(refs, 1)).toBeLessThanOrEqual(1);
  proposals.onApplied(10_001, 1, "done");
  expect(await waiting).toBe("done");
});

for (const kind of ["proposals", "reads"] as const) {
  test(`${kind} that timed out while they waited for a leader`, async () => {
    const clock = createVirtualClock();
    const gate = new LeaderGate(clock, 50, 300, nothing);
    const waiting = kind === "proposals" ? new Proposals<string>(Infinity) : undefined;
    const reads = new Reads(new StateLock());
    const refs = Array.from({ length: 10_000 }, () => {
      const call = waiting
        ? new Proposal<string>([new Uint8Array(1)], callerOf<string>(nothing, nothing), gate)
        : new Read<string>(() => "q", nothing, nothing, gate);
      if (call instanceof Proposal) waiting?.add(call);
      else reads.add(call);
      expect([waiting?.take(), reads.take()]).toEqual([undefined, []]);
      call.expire();
      return new WeakRef(call);
    });
    expect(await countKept(refs, 1)).toBeLessThanOrEqual(1);
    gate.onRole("n1");
    expect([waiting?.take(), reads.take()]).toEqual([undefined, []]);
  });
}

for (const [stage, name] of [
  ["asked", "reads that timed out before the state was new enough"],
  ["ready", "reads whose index was known, and that timed out before it was applied"],
] as const) {
  test(name, async () => {
    const reads = new Reads(new StateLock());
    const refs = Array.from({ length: 10_000 }, () => {
      const read = new Read<string>(() => "q", nothing, nothing);
      reads.add(read);
      const id = reads.take()[0]?.id ?? 0;
      if (stage === "ready") reads.onReady(id, 5, 4);
      read.expire();
      return new WeakRef(read);
    });
    expect(await countKept(refs, 1)).toBeLessThanOrEqual(1);
    const answer = new Promise((resolve) => {
      reads.add(new Read<string>(() => "q", resolve, resolve));
      reads.onReady(reads.take()[0]?.id ?? 0, 5, 4);
    });
    reads.run(5);
    expect(await answer).toBe("q");
  });
}
