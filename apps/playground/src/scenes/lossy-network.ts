// A third of all messages is lost: slower, and never wrong (paper §5.1: Raft's messages are
// repeated, and may come twice).
import type { Scene } from "./scene.js";
import { allApplied, requests, s1Leads } from "./scene.js";

export const lossyNetwork: Scene = {
  id: "lossy-network",
  title: "A lossy network",
  subtitle: "Paper §5.3: messages are repeated until they arrive",
  setup: { seed: 1, nodes: 5 },
  steps: [
    s1Leads,
    {
      title: "A third is lost",
      text: `
        From now on 35 of 100 messages vanish half way. A client asks for x=1, y=2 and z=3. A
        majority has them soon, since the two slowest nodes don't matter. Who missed an entry
        refuses what comes after it, or is asked again with the next heartbeat. Wait until all
        five have applied everything.`,
      actions: (picture) => [{ type: "loss", percent: 35 }, ...requests(3)(picture)],
      until: allApplied(5),
    },
    {
      title: "Heartbeats are lost, too",
      text: `
        A follower that misses several heartbeats in a row thinks that the leader is gone. It asks
        for pre-votes, but the others still hear the leader and refuse, so nothing is disturbed.
        Three more requests go through meanwhile.`,
      actions: requests(3),
      until: allApplied(8),
    },
    {
      title: "The network recovers",
      text: `
        Nothing is lost any more, and one last request goes through at once. All logs are alike,
        and every variable has the same value everywhere. Loss costs time, never correctness.`,
      actions: (picture) => [{ type: "loss", percent: 0 }, ...requests()(picture)],
      until: allApplied(9),
    },
  ],
};
