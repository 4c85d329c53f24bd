// Two candidates at once, of which neither wins (paper §5.2).
import type { Flight } from "../model/world.js";
import type { Scene } from "./scene.js";
import { nodeIn } from "./scene.js";

/** S3 is near S1, and S4 near S2. */
function isSlow({ from, to, message }: Flight): boolean {
  if (message.type !== "requestVote") return false;
  return (from.id === "S1" && to === "S4") || (from.id === "S2" && to === "S3");
}

export const splitVote: Scene = {
  id: "split-vote",
  title: "Split vote",
  subtitle: "Paper §5.2: two candidates, and neither gets a majority",
  setup: { seed: 1572, nodes: 4 },
  steps: [
    {
      title: "Two timers at once",
      text: `
        Four nodes, so three votes are a majority. By chance the timers of S1 and S2 run out at
        the same moment. Both ask for pre-votes, and since a pre-vote promises nothing, both get
        them. Both become candidates in term 2, and each votes for itself.`,
      fate: (flight) => (isSlow(flight) ? "delay" : "pass"),
      until: (picture) =>
        ["S1", "S2"].every((id) => {
          const { role, isPreCandidate } = nodeIn(picture, id);
          return role === "candidate" && !isPreCandidate;
        }),
    },
    {
      title: "Two votes each",
      text: `
        S1's request is faster on its way to S3, and S2's to S4. Each of them votes for whom it
        hears first. The dots around a candidate are its votes: S1 and S2 have two each, and need
        three.`,
      fate: (flight) => (isSlow(flight) ? "delay" : "pass"),
      until: (picture) => ["S1", "S2"].every((id) => nodeIn(picture, id).votes.length === 2),
    },
    {
      title: "Nobody wins term 2",
      text: `
        The late requests arrive, and are refused: a node has one vote in a term. Nothing moves
        until a candidate's timer runs out. Term 2 stays without a leader, which harms nobody.`,
      until: ({ nodes }) =>
        nodes.some((node) => node.role === "follower" && node.votedFor === node.id),
    },
    {
      title: "Chance decides",
      text: `
        Nobody tries again at once: each waits for a new random time. This time one node is
        clearly sooner than the others, asks for votes in term 3 before anybody else does, and
        wins. Random timeouts make split votes rare, and short.`,
      until: ({ leader }) => leader !== undefined,
    },
  ],
};
