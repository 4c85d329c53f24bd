// A leader that was cut off comes back to a cluster that has gone on (paper §5.1, §5.3).
import type { Scene } from "./scene.js";
import { allApplied, nodeIn, requests, s1Leads, termAt } from "./scene.js";

export const oldLeader: Scene = {
  id: "old-leader",
  title: "Old leader returns",
  subtitle: "Paper §5.1 and §5.3: terms, and logs that differ",
  setup: { seed: 1, nodes: 5 },
  steps: [
    s1Leads,
    {
      title: "Cut off",
      text: `
        All links of S1 are cut. It doesn't know that: it is still the leader in its own eyes, and
        takes x=1 from a client. It appends the command, but its messages are lost half way, so
        the entry stays uncommitted and the client gets no answer.`,
      actions: [
        { type: "isolate", node: 1 },
        { type: "request", node: 1 },
      ],
      until: (picture) => nodeIn(picture, "S1").durableIndex >= 3,
    },
    {
      title: "The others notice",
      text: `
        The others hear no heartbeat. The first whose timer runs out is elected for term 3: it has
        a majority without S1. Now two nodes may call themselves leader, but in different terms,
        and S1 can commit nothing. An S1 that hears no majority for an election timeout steps down
        by itself.`,
      until: ({ leader }) => leader !== undefined && leader.id !== "S1",
    },
    {
      title: "The cluster goes on",
      text: `
        A client of the new leader sets y=2, and that is committed. At index 3 S1's log now has
        another entry than the others: its own, which nobody else ever had.`,
      actions: requests(),
      until: (picture) =>
        picture.nodes.every(({ id, appliedIndex }) => id === "S1" || appliedIndex >= 4),
    },
    {
      title: "S1 returns",
      text: `
        The links work again. S1 learns that the term is over, and follows. The leader's
        AppendEntries names the entry before its own; S1 refuses until the two logs agree, then
        removes what differs and takes the leader's entries. x=1 is gone. It was never committed,
        so nobody was told that it had happened.`,
      actions: [{ type: "reconnect", node: 1 }],
      until: (picture) => {
        const s1 = nodeIn(picture, "S1");
        return allApplied(4)(picture) && termAt(s1, 3) === picture.leader?.term;
      },
    },
  ],
};
