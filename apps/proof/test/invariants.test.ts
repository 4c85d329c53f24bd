// Each invariant is shown a run in which all is well, and one that breaks it alone: a check that
// was never seen to fail is worth nothing.
import { describe, expect, test } from "vitest";
import type { Watch } from "./support/handmade-cluster.js";
import { applyAt, breaks, cluster, commitAt } from "./support/handmade-cluster.js";
import type { HandmadeView } from "./support/views.js";
import { command, configuration, give, memberNamed, viewOf } from "./support/views.js";

/** A vote of everyone for this node, in this term, on disk. */
function vote(watch: Watch, nodes: readonly HandmadeView[], term: number, id: string): void {
  for (const node of nodes) {
    node.disk.currentTerm = node.currentTerm = term;
    node.disk.votedFor = node.votedFor = memberNamed(id);
    watch.durable(node);
  }
}

test("a sound run breaks nothing", () => {
  const { watch, nodes, n2 } = cluster();
  for (const node of nodes) commitAt(watch, node, 2);
  for (const node of nodes) for (const index of [1, 2]) applyAt(watch, node, index, 10 + index);
  vote(watch, nodes, 3, "n2");
  for (const node of nodes) node.role = "follower";
  n2.role = "leader";
  for (const node of nodes) watch.changed(node);
  watch.measured(n2, "bytes", 5, 5);
});

describe("is reported:", () => {
  test("two leaders in one term", () => {
    const { watch, nodes, n2 } = cluster();
    vote(watch, nodes.slice(1), 2, "n1");
    n2.role = "leader";
    breaks("election-safety", () => watch.changed(n2));
  });

  test("a leader that led this term under another data directory", () => {
    const { watch, n1 } = cluster();
    const again = viewOf("n1", {
      incarnation: "n1-data-directory-2",
      role: "leader",
      currentTerm: 2,
      votedFor: memberNamed("n1"),
    });
    expect(n1.currentTerm).toBe(2);
    breaks("election-safety", () => watch.changed(again));
  });

  test("a leader that lost its role or its process, and leads the same term again", () => {
    const { watch, n1 } = cluster();
    n1.role = "follower";
    watch.changed(n1);
    n1.role = "leader";
    breaks("election-safety", () => watch.changed(n1));
    const restarted = cluster();
    restarted.n1.role = "follower";
    restarted.watch.started(restarted.n1);
    restarted.n1.role = "leader";
    breaks("election-safety", () => restarted.watch.changed(restarted.n1));
  });

  test("a leader that deletes, or appends what is not of its term", () => {
    const { watch, n1 } = cluster();
    breaks("leader-append-only", () => watch.truncating(n1, 2));
    give(n1, command(3, 1, 9));
    breaks("leader-append-only", () => watch.appended(n1, 3));
  });

  test("the same index and term over different entries", () => {
    const { watch, n2, n3 } = cluster();
    give(n2, command(3, 2, 1));
    watch.appended(n2, 3);
    give(n3, command(3, 2, 2));
    breaks("log-matching", () => watch.appended(n3, 3));
  });

  test("the same index and term over different entries, though the first one was deleted since", () => {
    const { watch, nodes, n2, n3 } = cluster();
    give(n2, command(3, 2, 1));
    watch.appended(n2, 3);
    for (const log of [n2.log, n2.disk.log]) log.apply({ type: "truncateFrom", index: 3 });
    const gone = viewOf("n4");
    gone.isWiped = true;
    nodes.push(gone);
    give(n3, command(3, 2, 2));
    breaks("log-matching", () => watch.appended(n3, 3));
  });

  test("the same entry over a different one, and a term that falls", () => {
    const { watch, n2, n3 } = cluster();
    give(n2, command(3, 3, 1), command(4, 4, 1));
    watch.appended(n2, 3);
    give(n3, command(3, 2, 1), command(4, 4, 1));
    breaks("log-matching", () => watch.appended(n3, 3));
    give(n2, command(5, 3, 1));
    breaks("log-matching", () => watch.appended(n2, 5));
  });

  test("a log that is gone with its data directory: not by itself, but when another node has it", () => {
    const { watch, nodes, n1, n2 } = cluster();
    give(n1, command(3, 2, 1));
    watch.appended(n1, 3);
    n1.isWiped = true;
    const replacement = viewOf("n1", { incarnation: "n1-data-directory-2" });
    nodes.push(replacement);
    give(replacement, configuration(1, 1, ["n1", "n2", "n3"]), command(2, 2, 7), command(3, 2, 2));
    watch.appended(replacement, 1);
    give(n2, command(3, 2, 1));
    breaks("log-matching", () => watch.appended(n2, 3));
  });

  test("a leader without a committed entry", () => {
    const { watch, nodes, n1, n3 } = cluster();
    commitAt(watch, n1, 2);
    for (const log of [n3.log, n3.disk.log]) log.apply({ type: "truncateFrom", index: 2 });
    vote(watch, nodes, 3, "n3");
    n3.role = "leader";
    breaks("leader-completeness", () => watch.changed(n3));
  });

  test("a commit that a leader of a later term lacks", () => {
    const { watch, nodes, n1, n3 } = cluster();
    for (const log of [n3.log, n3.disk.log]) log.apply({ type: "truncateFrom", index: 2 });
    vote(watch, nodes.slice(1), 3, "n3");
    n3.role = "leader";
    watch.changed(n3);
    breaks("leader-completeness", () => commitAt(watch, n1, 2));
  });

  test("two entries committed at one index, and a commit beyond the log", () => {
    const { watch, n1, n2, n3 } = cluster();
    commitAt(watch, n1, 2);
    n2.log.apply({ type: "truncateFrom", index: 2 });
    n2.log.apply({ type: "append", run: command(2, 3, 1) });
    breaks("state-machine-safety", () => commitAt(watch, n2, 2));
    breaks("state-machine-safety", () => commitAt(watch, n3, 3));
  });

  test("an entry applied before it is committed, or before the own disk has it", () => {
    const { watch, n1, n2 } = cluster();
    commitAt(watch, n1, 1);
    commitAt(watch, n2, 2);
    applyAt(watch, n1, 1, 1);
    breaks("state-machine-safety", () => applyAt(watch, n1, 2, 2));
    n2.disk.log.apply({ type: "truncateFrom", index: 2 });
    applyAt(watch, n2, 1, 1);
    breaks("state-machine-safety", () => applyAt(watch, n2, 2, 2));
  });

  test("a commit that a majority's disks don't hold", () => {
    const { watch, n1, n2, n3 } = cluster();
    for (const node of [n2, n3]) node.disk.log.apply({ type: "truncateFrom", index: 2 });
    breaks("quorum-durability", () => commitAt(watch, n1, 2));
  });

  test("a vote or an acknowledgement that leaves before the disk has what it promises", () => {
    const { watch, n2 } = cluster();
    const granted = {
      type: "requestVoteReply",
      to: "n1-data-directory-1",
      term: 2,
      voteGranted: true,
    } as const;
    const acknowledged = {
      type: "appendEntriesReply",
      to: "n1-data-directory-1",
      term: 2,
      round: 1,
      success: true,
      matchIndex: 2,
      verifiedIndex: 2,
      prevLogIndex: 0,
      conflictIndex: 0,
      conflictTerm: 0,
      neededSnapshot: 0,
      promised: false,
    } as const;
    watch.sending(n2, "n1", granted);
    watch.sending(n2, "n1", acknowledged);
    breaks("promises", () => watch.sending(n2, "n3", granted));
    breaks("promises", () => watch.sending(n2, "n1", { ...granted, term: 3 }));
    breaks("promises", () =>
      watch.sending(n2, "n1", {
        type: "requestVote",
        to: "n1-data-directory-1",
        term: 2,
        lastLogIndex: 2,
        lastLogTerm: 2,
        transfer: false,
        configurationIndex: 1,
      }),
    );
    breaks("promises", () => watch.sending(n2, "n1", { ...acknowledged, term: 3 }));
    breaks("promises", () => watch.sending(n2, "n1", { ...acknowledged, matchIndex: 3 }));
    n2.log.apply({ type: "append", run: command(3, 2, 9) });
    breaks("promises", () => watch.sending(n2, "n1", { ...acknowledged, matchIndex: 3 }));
    watch.sending(n2, "n1", { ...acknowledged, term: 3, matchIndex: 0 });
  });

  test("what goes back: term, vote, commit, applied, and what a disk holds", () => {
    const { watch, n1, n2, n3 } = cluster();
    breaks("monotonic", () => watch.changed({ ...n1, currentTerm: 1 }));
    breaks("monotonic", () => watch.changed({ ...n2, votedFor: memberNamed("n3") }));
    breaks("monotonic", () =>
      watch.durable({ ...n2, disk: { ...n2.disk, votedFor: memberNamed("n2") } }),
    );
    breaks("monotonic", () => watch.durable({ ...n2, disk: { ...n2.disk, currentTerm: 1 } }));
    breaks("monotonic", () =>
      watch.started({ ...n3, disk: { ...n3.disk, currentTerm: 1 }, currentTerm: 1 }),
    );
    breaks("monotonic", () => watch.started({ ...n3, currentTerm: 3 }));
    commitAt(watch, n1, 2);
    breaks("monotonic", () => commitAt(watch, n1, 1));
    applyAt(watch, n1, 1, 1);
    breaks("monotonic", () => applyAt(watch, n1, 1, 1));
  });

  test("a leader without the votes of a majority's disks", () => {
    const { watch, nodes, n2 } = cluster();
    vote(watch, nodes.slice(0, 1), 3, "n2");
    n2.disk.currentTerm = n2.currentTerm = 3;
    n2.role = "leader";
    breaks("configuration-safety", () => watch.changed({ ...n2, votedFor: memberNamed("n2") }));
  });

  test("a leader with the votes of nodes that are no members", () => {
    const { watch, nodes, n2 } = cluster();
    const strangers = [viewOf("n8"), viewOf("n9")];
    nodes.push(...strangers);
    vote(watch, [...strangers, n2], 3, "n2");
    n2.role = "leader";
    breaks("configuration-safety", () => watch.changed(n2));
  });

  test("configurations that follow each other with disjoint majorities", () => {
    const { watch, nodes, n1 } = cluster();
    const joiners = [viewOf("n4"), viewOf("n5")];
    for (const node of joiners) {
      give(node, configuration(1, 1, ["n1", "n2", "n3"]), command(2, 2, 7));
    }
    nodes.push(...joiners);
    for (const node of nodes) give(node, configuration(3, 2, ["n1", "n4", "n5"]));
    breaks("configuration-safety", () => commitAt(watch, n1, 3));
  });

  test("replicas that differ after the same entry", () => {
    const { watch, n1, n2 } = cluster();
    for (const node of [n1, n2]) commitAt(watch, node, 2);
    applyAt(watch, n1, 1, 5);
    breaks("state-hash", () => applyAt(watch, n2, 1, 6));
  });

  test("more than a limit allows", () => {
    const { watch, n1 } = cluster();
    breaks("bounded-memory", () => watch.measured(n1, "bytes", 6, 5));
  });
});
