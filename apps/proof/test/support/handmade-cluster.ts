// A cluster of three as the invariants see it, and what its nodes do.
import { expect } from "vitest";
import { createInvariants } from "../../src/invariants/all.js";
import type { Invariant } from "../../src/invariants/invariant.js";
import { InvariantBroken } from "../../src/invariants/invariant.js";
import type { HandmadeView } from "./views.js";
import { command, configuration, give, memberNamed, viewOf } from "./views.js";

export type Watch = Required<Invariant>;

/**
 * Three nodes in term 2 with the configuration and one command everywhere, n1 their leader, votes
 * on all disks.
 */
export function cluster(): {
  readonly watch: Watch;
  readonly nodes: HandmadeView[];
  readonly n1: HandmadeView;
  readonly n2: HandmadeView;
  readonly n3: HandmadeView;
} {
  const [n1, n2, n3] = [viewOf("n1"), viewOf("n2"), viewOf("n3")];
  const nodes = [n1, n2, n3];
  const watch = createInvariants({ nodes });
  for (const node of nodes) {
    watch.started(node);
    give(node, configuration(1, 1, ["n1", "n2", "n3"]));
    watch.appended(node, 1);
    node.disk.currentTerm = node.currentTerm = 2;
    node.disk.votedFor = node.votedFor = memberNamed("n1");
    watch.durable(node);
    watch.changed(node);
  }
  n1.role = "leader";
  watch.changed(n1);
  for (const node of nodes) {
    give(node, command(2, 2, 7));
    watch.appended(node, 2);
  }
  return { watch, nodes, n1, n2, n3 };
}

export function commitAt(watch: Watch, node: HandmadeView, index: number): void {
  const before = node.commitIndex;
  node.commitIndex = index;
  watch.committed(node, before);
}

export function applyAt(watch: Watch, node: HandmadeView, index: number, stateHash: number): void {
  node.lastApplied = index;
  node.stateHash = stateHash;
  watch.applied(node);
}

export function breaks(check: string, action: () => void): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(InvariantBroken);
  expect(thrown).toMatchObject({ check });
}
