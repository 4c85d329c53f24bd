// The invariants on snapshots: each is shown what breaks it.
import type { AppendEntriesReply } from "@raftkit/core";
import { describe, test } from "vitest";
import type { SnapshotView } from "../src/invariants/view.js";
import { createLogShadow } from "../src/invariants/view.js";
import type { Watch } from "./support/handmade-cluster.js";
import { applyAt, breaks, cluster, commitAt } from "./support/handmade-cluster.js";
import type { HandmadeView } from "./support/views.js";
import { viewOf } from "./support/views.js";

/** A snapshot of this node's log at an index. */
function snapshotOf({ log }: HandmadeView, index: number, stateHash: number): SnapshotView {
  const { configuration, index: configurationIndex } = log.configurations[0] ?? {
    configuration: { clusterInstance: "", voters: [], learners: [], outgoing: [] },
    index: 0,
  };
  const entries = createLogShadow();
  entries.copyFrom(log, index);
  const content = { index, stateHash, entries };
  return { index, term: log.term(index), configuration, configurationIndex, content };
}

function keep(watch: Watch, node: HandmadeView, snapshot: SnapshotView): void {
  node.disk.snapshot = snapshot;
  watch.saved(node);
}

function acknowledgement(matchIndex: number): AppendEntriesReply {
  return {
    type: "appendEntriesReply",
    to: "n1-data-directory-1",
    term: 2,
    round: 1,
    success: true,
    matchIndex,
    verifiedIndex: matchIndex,
    prevLogIndex: 0,
    conflictIndex: 0,
    conflictTerm: 0,
    neededSnapshot: 0,
    promised: false,
  };
}

describe("is reported:", () => {
  test("a snapshot that isn't the replayed log up to its index", () => {
    const { watch, nodes, n1, n2 } = cluster();
    for (const node of nodes) commitAt(watch, node, 2);
    for (const index of [1, 2]) applyAt(watch, n1, index, 10 + index);
    const right = snapshotOf(n1, 2, 12);
    keep(watch, n1, right);
    for (const wrong of [
      { ...right, content: undefined },
      { ...right, index: 1 },
      { ...right, term: 1 },
      { ...right, configurationIndex: 2 },
      {
        ...right,
        configuration: { ...right.configuration, voters: right.configuration.voters.slice(1) },
      },
      snapshotOf(n1, 2, 13),
    ]) {
      breaks("snapshot-content", () => keep(watch, n2, wrong));
    }
  });

  test("a snapshot of a term that isn't durable", () => {
    const { watch, n1, n2 } = cluster();
    commitAt(watch, n1, 2);
    for (const index of [1, 2]) applyAt(watch, n1, index, 10 + index);
    n2.disk.currentTerm = 1;
    breaks("snapshot-term", () => keep(watch, n2, snapshotOf(n1, 2, 12)));
  });

  test("a log that goes beyond its snapshot, or loses what was acknowledged and is committed", () => {
    const { watch, nodes, n1, n2, n3 } = cluster();
    for (const node of nodes) commitAt(watch, node, 2);
    watch.sending(n2, "n1", acknowledgement(2));
    watch.durable(n2);
    n2.disk.log.apply({ type: "truncateFrom", index: 2 });
    breaks("kept-promises", () => watch.durable(n2));
    // In a snapshot it is kept.
    for (const index of [1, 2]) applyAt(watch, n1, index, 10 + index);
    keep(watch, n2, snapshotOf(n1, 2, 12));
    n3.disk.log.apply({ type: "compactThrough", index: 1, term: 1 });
    breaks("kept-promises", () => watch.durable(n3));
  });

  test("a committed entry that a disk held in a late enough term, and lost", () => {
    const { watch, nodes, n1, n2, n3 } = cluster();
    for (const node of nodes) commitAt(watch, node, 2);
    for (const node of nodes) watch.durable(node);
    n2.disk.log.apply({ type: "truncateFrom", index: 2 });
    breaks("kept-commits", () => watch.durable(n2));
    // In a snapshot it is kept, and the log may begin behind that.
    for (const index of [1, 2]) applyAt(watch, n1, index, 10 + index);
    keep(watch, n2, snapshotOf(n1, 2, 12));
    watch.durable(n2);
    // Whoever hasn't heard of the term yet may be made to give up what is committed elsewhere.
    const late = viewOf("n4");
    watch.started(late);
    late.disk.log.copyFrom(n3.disk.log);
    late.disk.currentTerm = 1;
    watch.durable(late);
    late.disk.log.apply({ type: "truncateFrom", index: 2 });
    watch.durable(late);
  });

  test("a log that is reset below its base or what is applied, or compacted beyond its snapshot", () => {
    const { watch, n1, n2 } = cluster();
    for (const node of [n1, n2]) commitAt(watch, node, 2);
    for (const index of [1, 2]) applyAt(watch, n2, index, 10 + index);
    watch.resetting(n2, 2);
    breaks("reset-bounds", () => watch.resetting(n2, 1));
    breaks("reset-bounds", () => watch.resetting(n1, 2));
    breaks("reset-bounds", () => watch.compacting(n2, 1));
    keep(watch, n2, snapshotOf(n2, 2, 12));
    watch.compacting(n2, 2);
    breaks("reset-bounds", () => watch.compacting(n2, 3));
  });

  test("a restore that goes back, to another state, or before the log behind it is durable", () => {
    const { watch, nodes, n1, n2, n3 } = cluster();
    for (const node of nodes) commitAt(watch, node, 2);
    for (const index of [1, 2]) applyAt(watch, n1, index, 10 + index);
    const snapshot = snapshotOf(n1, 2, 12);
    breaks("monotonic", () => watch.restored(n1, snapshot));
    n2.lastApplied = 2;
    n2.stateHash = 12;
    breaks("restores", () => watch.restored(n2, snapshot));
    keep(watch, n3, snapshot);
    n3.lastApplied = 2;
    n3.stateHash = 13;
    breaks("restores", () => watch.restored(n3, snapshot));
    const late = viewOf("n4", { commitIndex: 2 });
    watch.started(late);
    late.disk.currentTerm = 2;
    keep(watch, late, snapshot);
    breaks("restores", () => watch.restored({ ...late, lastApplied: 2, stateHash: 12 }, snapshot));
  });

  test("an installed snapshot that is acknowledged before its log is durable", () => {
    const { watch, nodes, n1, n2 } = cluster();
    for (const node of nodes) commitAt(watch, node, 2);
    for (const index of [1, 2]) applyAt(watch, n1, index, 10 + index);
    n2.log.apply({ type: "truncateFrom", index: 2 });
    n2.disk.log.apply({ type: "truncateFrom", index: 2 });
    const snapshot = snapshotOf(n1, 2, 12);
    keep(watch, n2, snapshot);
    watch.resetting(n2, 2);
    n2.log.apply({ type: "resetTo", index: 2, term: 2 }, snapshot.content?.entries);
    watch.sending(n2, "n1", acknowledgement(1));
    breaks("installed-promises", () => watch.sending(n2, "n1", acknowledgement(2)));
    n2.disk.log.apply({ type: "resetTo", index: 2, term: 2 }, snapshot.content?.entries);
    watch.durable(n2);
    watch.sending(n2, "n1", acknowledgement(2));
  });
});
