// Where a disk or a state machine hangs, calls time out; what is left of them must not pile up.
import { expect, test } from "vitest";
import { Proposal } from "../src/proposal.js";
import { Proposals } from "../src/proposals.js";
import { Read, Reads } from "../src/reads.js";
import { collectGarbage } from "./support/garbage.js";

async function countKept(refs: readonly WeakRef<object>[]): Promise<number> {
  await new Promise<void>((resume) => void setImmediate(resume));
  collectGarbage();
  return refs.filter((ref) => ref.deref()).length;
}

const nothing = (): void => {};

test("proposals that were accepted and timed out before they were applied", async () => {
  const proposals = new Proposals<string>();
  const refs = Array.from({ length: 10_000 }, (_, i) => {
    const proposal = new Proposal<string>(new Uint8Array(1), nothing, nothing);
    proposals.add(proposal);
    proposals.take();
    proposals.onAccepted(i + 1, 1, i + 1, 1, 0);
    proposal.expire();
    return new WeakRef(proposal);
  });
  const waiting = new Promise((resolve) => {
    proposals.add(new Proposal<string>(new Uint8Array(1), resolve, resolve));
    proposals.take();
    proposals.onAccepted(10_001, 1, 10_001, 1, 0);
  });
  expect(await countKept(refs)).toBeLessThanOrEqual(1);
  proposals.onApplied(10_001, 1, "done");
  expect(await waiting).toBe("done");
});

test("reads that timed out before the state was new enough", async () => {
  const reads = new Reads();
  const refs = Array.from({ length: 10_000 }, () => {
    const read = new Read(() => Promise.resolve(), nothing);
    reads.add(read);
    reads.take();
    read.expire();
    return new WeakRef(read);
  });
  expect(await countKept(refs)).toBeLessThan(1500);
});
