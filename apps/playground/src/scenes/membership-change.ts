// A node joins, becomes a voter by joint consensus, and a leader is taken out (paper §6, thesis
// §4).
import type { Scene } from "./scene.js";
import { allApplied, nodeIn } from "./scene.js";

/** What the nodes are started with. */
const ELECTION_TIMEOUT_MIN_MS = 150;

export const membershipChange: Scene = {
  id: "membership-change",
  title: "A membership change",
  subtitle: "Paper §6, thesis §4: members are entries in the log",
  setup: { seed: 1, nodes: 3 },
  steps: [
    {
      title: "Three members",
      text: `
        S1 is elected for term 2. Entry 1 of every log is the configuration: it names S1, S2 and
        S3 as voters.`,
      until: allApplied(2),
    },
    {
      title: "A fourth node starts",
      text: `
        S4 starts with an empty disk. It is no member: it never campaigns, and nobody sends it
        entries. It introduces itself to the nodes whose addresses it was given, and they tell it
        who leads.`,
      actions: [{ type: "add" }],
      until: (picture) => nodeIn(picture, "S1").introduced.includes("S4"),
    },
    {
      title: "A learner",
      text: `
        S1 appends a configuration with S4 as a learner. Learners are sent the log, but their
        votes and acknowledgements don't count. So nothing waits for S4 while it is far behind.
        The leader measures how long S4 takes for the log: it may vote once that is less than an
        election timeout.`,
      actions: [{ type: "learner", node: 4 }],
      until: (picture) =>
        nodeIn(picture, "S1").peers.some(
          ({ id, catchUpMs }) => id === "S4" && catchUpMs < ELECTION_TIMEOUT_MIN_MS,
        ),
    },
    {
      title: "Joint consensus",
      text: `
        S4 has caught up and is to vote. If some nodes went by three voters and others already by
        four, each group could have a majority of its own. So first comes a joint configuration:
        until it is committed, everything needs a majority of the old voters and one of the new.`,
      actions: [{ type: "voter", node: 4 }],
      until: ({ isJoint }) => isJoint,
    },
    {
      title: "The new configuration",
      text: `
        As soon as the joint configuration is committed, the leader appends the one that leaves
        the old voters behind. A configuration is in force on a node from the moment when it is in
        its log, committed or not.`,
      until: (picture) =>
        !picture.isJoint && picture.nodes.every(({ appliedIndex }) => appliedIndex >= 5),
    },
    {
      title: "The leader leaves",
      text: `
        Now S1 itself is taken out. It leads through both configurations, although it doesn't
        count itself in the last one, and steps down when that is committed. The other three elect
        a leader among themselves.`,
      actions: [{ type: "remove", node: 1 }],
      until: ({ leader, isJoint, nodes }) =>
        leader !== undefined &&
        leader.id !== "S1" &&
        !isJoint &&
        nodes.some(({ id, membership }) => id === "S1" && membership === "none"),
    },
  ],
};
