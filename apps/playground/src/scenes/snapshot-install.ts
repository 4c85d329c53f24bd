// A follower that needs entries which the leader's log no longer has is sent a snapshot (paper §7).
import type { Scene } from "./scene.js";
import { allApplied, nodeIn, requests, s1Leads } from "./scene.js";

export const snapshotInstall: Scene = {
  id: "snapshot-install",
  title: "A snapshot install",
  subtitle: "Paper §7, Figure 13: what a short log costs",
  setup: {
    seed: 1,
    nodes: 3,
    conditions: { maxMessageBytes: 16, maxLogBytes: 4_096, snapshotEvery: 1_000 },
  },
  steps: [
    s1Leads,
    {
      title: "S3 misses something",
      text: `
        S3 crashes. Seven requests are committed without it: S1 and S2 are a majority of three.`,
      actions: (picture) => [{ type: "crash", node: 3 }, ...requests(7)(picture)],
      until: allApplied(9),
    },
    {
      title: "Snapshots",
      text: `
        A log can't grow for ever. S1 and S2 each write the state that their logs have led to, the
        values of x, y and z, as a snapshot to their disks. What it covers is removed from the
        log, except for a last entry or so, for followers that are a little behind.`,
      actions: [
        { type: "snapshot", node: 1 },
        { type: "snapshot", node: 2 },
      ],
      until: (picture) => ["S1", "S2"].every((id) => nodeIn(picture, id).base.index > 2),
    },
    {
      title: "Too far behind",
      text: `
        S3 starts again. It refuses the leader's AppendEntries, since it lacks the entry before,
        and it needs entries that S1's log no longer has. So S1 sends its snapshot, in parts (the
        squares). S3 acknowledges each part that it has written.`,
      actions: [{ type: "restart", node: 3 }],
      until: (picture) => nodeIn(picture, "S3").snapshotIndex > 0,
    },
    {
      title: "Caught up",
      text: `
        The snapshot is whole, and S3's disk has it. Only then does its log begin anew after it,
        and its variables take the values of the snapshot. What came later it gets as entries, as
        usual.`,
      until: (picture) => {
        const { base, machine, appliedIndex } = nodeIn(picture, "S3");
        return base.index > 0 && appliedIndex >= 9 && machine["x"] !== undefined;
      },
    },
  ],
};
