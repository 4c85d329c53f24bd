// How a cluster that has just started finds its first leader (paper §5.2).
import type { Scene } from "./scene.js";
import { allApplied, isLeading, requests } from "./scene.js";

export const firstElection: Scene = {
  id: "first-election",
  title: "First election",
  subtitle: "Paper §5.2: how nodes that have just started find a leader",
  setup: { seed: 1, nodes: 5 },
  steps: [
    {
      title: "Nobody leads",
      text: `
        Five nodes have just started. All are followers, and each waits for a leader. The arc
        around a node is its election timer: 150 to 300 ms, drawn at random, so that hardly ever
        two run out together.`,
      until: ({ now }) => now >= 80,
    },
    {
      title: "The first timer runs out",
      text: `
        S1 has waited longest. Before it disturbs anybody it asks around: would you vote for me in
        term 2? This is the pre-vote (thesis §9.6). It changes nobody's term, so a node that was
        merely cut off for a while can't disturb a working leader.`,
      until: ({ nodes }) => nodes.some(({ isPreCandidate }) => isPreCandidate),
    },
    {
      title: "A candidate",
      text: `
        A majority would vote for S1. Now it is a candidate: it raises its term to 2 and votes for
        itself. The others hear nothing yet. A vote is a promise, so S1 first writes it to its
        disk.`,
      until: ({ nodes }) => nodes.some((node) => node.role === "candidate" && !node.isPreCandidate),
    },
    {
      title: "Elected",
      text: `
        S1 sends RequestVote. Each node adopts term 2, and gives its only vote in it to whoever
        asks first with a log that is at least as complete as its own. With its own vote S1 needs
        two more: three of five are a majority, and two majorities always share a node. So no term
        has two leaders.`,
      until: isLeading("S1"),
    },
    {
      title: "The leader's first entry",
      text: `
        The leader appends an entry of its own term that holds no command, the no-op, and sends it
        to everyone. When a majority has it on disk it is committed. Its border is dashed until
        the node knows that. With each message the followers' timers start anew.`,
      until: allApplied(2),
    },
    {
      title: "A request",
      text: `
        A client asks S1 to set x=1. The leader appends the command and replicates it. Once a
        majority has stored it, S1 applies it and answers. The followers learn with the next
        message that it is committed, at the latest with a heartbeat, which comes every 50 ms.`,
      actions: requests(),
      until: allApplied(3),
    },
  ],
};
