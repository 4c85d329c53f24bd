// What a call that has ended leaves behind: no listener, and nothing in memory but itself, however
// long its timeout still holds it.
import { expect, test } from "vitest";
import type { Proposal as AnyProposal } from "../src/proposal.js";
import { callerOf, Proposal } from "../src/proposal.js";
import { Proposals } from "../src/proposals.js";
import { cluster } from "./support/cluster.js";
import { countKept } from "./support/garbage.js";

/** A signal that counts what listens to it. */
function countedSignal(): {
  readonly controller: AbortController;
  readonly counts: { now: number; most: number };
} {
  const controller = new AbortController();
  const { signal } = controller;
  const counts = { now: 0, most: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  Object.assign(signal, {
    addEventListener: (...args: Parameters<typeof add>) => {
      counts.most = Math.max(counts.most, ++counts.now);
      add(...args);
    },
    removeEventListener: (...args: Parameters<typeof remove>) => {
      counts.now--;
      remove(...args);
    },
  });
  return { controller, counts };
}

test("calls that share a signal share one listener, which goes with the last of them", async () => {
  const { clock, leader } = await cluster(1);
  const { controller, counts } = countedSignal();
  const { signal } = controller;
  const results = Array.from({ length: 20_000 }, (_, i) =>
    i % 2 === 0 ? leader.node.propose("a", { signal }) : leader.node.read("q", { signal }),
  );
  expect(counts).toEqual({ now: 1, most: 1 });
  await clock.outcome(Promise.all(results));
  expect(counts).toEqual({ now: 0, most: 1 });
  await clock.outcome(leader.node.propose("b", { signal }));
  expect(counts).toEqual({ now: 0, most: 1 });
});

test("an abort ends all calls of its signal, and no other's", async () => {
  const { clock, network, leader } = await cluster();
  network.isolate(leader.id);
  const { controller, counts } = countedSignal();
  const other = new AbortController();
  const outcome = (signal: AbortSignal): Promise<unknown>[] => [
    leader.node.propose("a", { signal, timeoutMs: Infinity }).catch((error: unknown) => error),
    leader.node.read("q", { signal, timeoutMs: Infinity }).catch((error: unknown) => error),
  ];
  let othersEnded = 0;
  const others = outcome(other.signal);
  for (const one of others) void one.then(() => othersEnded++);
  const mine = [...outcome(controller.signal), ...outcome(controller.signal)];
  await clock.flush();
  controller.abort("enough");
  for (const error of await clock.outcome(Promise.all(mine))) {
    expect(error).toMatchObject({ cause: "enough" });
  }
  expect(othersEnded).toBe(0);
  expect(counts.now).toBe(0);
  other.abort("enough, too");
  await clock.outcome(Promise.all(others));
});

test("a proposal that ended holds neither its command nor its result until its timeout", async () => {
  const proposals = new Proposals<object>(Infinity);
  const held: AnyProposal<object>[] = [];
  const refs: WeakRef<object>[] = [];
  const one = (index: number): Promise<void> => {
    const [data, result] = [new Uint8Array(1000), { index }];
    refs.push(new WeakRef(data), new WeakRef(result));
    const ended = new Promise<object>((resolve, reject) => {
      const proposal = new Proposal<object>([data], callerOf<object>(resolve, reject));
      held.push(proposal);
      proposals.add(proposal);
    });
    proposals.take();
    proposals.onAccepted(index, 1, index, 1, 0);
    proposals.onApplied(index, 1, result);
    return ended.then(() => {});
  };
  for (let index = 1; index <= 100; index++) await one(index);
  expect(await countKept(refs, 2)).toBeLessThanOrEqual(2); // The last one's may still be on the stack.
  expect(held.map(({ settled }) => settled)).not.toContain(false);
});

test("a command that was accepted is core's alone; one that was aborted before is nobody's", async () => {
  const proposals = new Proposals<object>(Infinity);
  const held: AnyProposal<object>[] = [];
  const refs: WeakRef<object>[] = [];
  for (let i = 0; i < 10; i++) {
    const data = new Uint8Array(1000);
    refs.push(new WeakRef(data));
    const proposal = new Proposal<object>(
      [data],
      callerOf<object>(
        () => {},
        () => {},
      ),
    );
    held.push(proposal);
    proposals.add(proposal);
    if (i % 2 === 0) proposal.abort("no");
    else {
      expect(proposals.take()?.commands).toEqual([data]);
      proposals.onAccepted((i + 1) / 2, 1, (i + 1) / 2, 1, 0);
    }
  }
  expect(await countKept(refs, 1)).toBeLessThanOrEqual(1);
  expect(held).toHaveLength(10);
});
