import type { NodeStatus } from "raftkit";
import { expect, test } from "vitest";
import { createCluster } from "../src/cluster.js";
import { createInvariants, InvariantBroken } from "../src/safety-checks.js";
import { createJournal } from "../src/journal-machine.js";

async function status(changes: Partial<NodeStatus>): Promise<NodeStatus> {
  const cluster = await createCluster({ seed: 1, nodes: 1, stateMachine: () => createJournal() });
  return {
    ...cluster.status("n1"),
    term: 5,
    lastIndex: 9,
    durableIndex: 9,
    commitIndex: 8,
    lastApplied: 7,
    role: "follower",
    ...changes,
  };
}

test.each<[string, Partial<NodeStatus>]>([
  ["the term went back", { term: 4 }],
  ["the commit index went back", { commitIndex: 7 }],
  ["the applied index went back", { lastApplied: 6 }],
  ["applied beyond commit", { lastApplied: 9 }],
  ["applied beyond the disk", { durableIndex: 6 }],
  ["durable beyond the log", { lastIndex: 8 }],
])("notices that %s", async (_, changes) => {
  const invariants = createInvariants();
  invariants.check(await status({}));
  const later = await status(changes);
  expect(() => invariants.check(later)).toThrow(InvariantBroken);
});

test("notices two leaders in one term, and lets terms have one each", async () => {
  const invariants = createInvariants();
  invariants.check(await status({ id: "n1", role: "leader" }));
  invariants.check(await status({ id: "n1", role: "leader" }));
  invariants.check(await status({ id: "n2", role: "leader", term: 6 }));
  const second = await status({ id: "n3", role: "leader", term: 6 });
  expect(() => invariants.check(second)).toThrow(/both n2 and n3 lead in term 6/);
});

test("a restart begins anew what isn't durable, but not the term that is", async () => {
  const invariants = createInvariants();
  invariants.check(await status({}));
  invariants.restarted("n1", 4);
  invariants.check(await status({ term: 4, commitIndex: 0, lastApplied: 0 }));
  const back = await status({ term: 3 });
  expect(() => invariants.check(back)).toThrow(/went back from 4 to 3/);
});

test("compares what machines are given, from the beginning after a restart", () => {
  const invariants = createInvariants();
  invariants.applied("n1", 3, 2, "a");
  invariants.applied("n1", 4, 2, "b");
  invariants.applied("n2", 3, 2, "a");
  expect(() => invariants.applied("n2", 5, 2, "c")).toThrow(
    /n2 applied 5\/2 c where another node applied 4\/2 b/,
  );
  invariants.restarted("n1", 2);
  invariants.applied("n1", 3, 2, "a");
  expect(() => invariants.applied("n1", 3, 2, "a")).toThrow(InvariantBroken);
});
