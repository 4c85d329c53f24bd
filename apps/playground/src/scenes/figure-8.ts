// Figure 8 of the paper: why a leader doesn't commit entries of earlier terms by counting copies.
// The entries of the figure are the no-ops that each leader begins with. Each travels alone, as
// messages are small here, so that one can be lost without the others.
import type { Action } from "../model/actions.js";
import type { Picture } from "../model/picture.js";
import type { Flight } from "../model/world.js";
import type { Scene, Step } from "./scene.js";
import { isLeading, nodeIn, termAt } from "./scene.js";

type Fate = NonNullable<Step["fate"]>;

/** Nobody but `id` gets to campaign: its timer is the first, as in the figure. */
const campaignsAlone =
  (id: string, others: Fate = () => "pass"): Fate =>
  (flight, picture) =>
    flight.message.type === "preVote" && flight.from.id !== id ? "drop" : others(flight, picture);

const carriesEntries = ({ message }: Flight): boolean =>
  message.type === "appendEntries" && message.entries.length > 0;

/** In (c) S3 gets the entry of term 2, and nobody that of term 4. */
const onlyOldEntryToS3: Fate = (flight, picture) => {
  if (flight.from.id !== "S1" || !carriesEntries(flight)) return "pass";
  const { message, to } = flight;
  if (to !== "S3" || message.type !== "appendEntries") return "drop";
  // The first try, before S1's own disk has the new entry, shows what S3 lacks.
  const isFirstTry = nodeIn(picture, "S1").durableIndex < 3;
  return isFirstTry || message.prevLogIndex === 1 ? "pass" : "drop";
};

const crashes = (node: number): Action => ({ type: "crash", node });

/** It starts again, and campaigns. */
const isBack = (node: number): readonly Action[] => [
  { type: "restart", node },
  { type: "timeout", node },
];

const holdsAt = (picture: Picture, index: number, term: number, ids: readonly string[]): boolean =>
  ids.every((id) => {
    const node = nodeIn(picture, id);
    return node.durableIndex >= index && termAt(node, index) === term;
  });

export const figure8: Scene = {
  id: "figure-8",
  title: "Figure 8",
  subtitle: "Paper §5.4.2: an entry on a majority that is lost all the same",
  setup: { seed: 1, nodes: 5, conditions: { maxMessageBytes: 16 } },
  steps: [
    {
      title: "(a) An entry on two of five",
      text: `
        S1 is the leader of term 2. The entry at index 2 reaches S2 alone; what S1 sends to S3, S4
        and S5 is lost. (In this scene every leader's entry is the no-op with which it begins.)`,
      fate: campaignsAlone("S1", (flight) =>
        carriesEntries(flight) && flight.to !== "S2" ? "drop" : "pass",
      ),
      until: (picture) => holdsAt(picture, 2, 2, ["S1", "S2"]),
    },
    {
      title: "(b) Another leader",
      text: `
        S1 crashes. S5 is elected for term 3, with the votes of S3 and S4, whose logs are no
        longer than its own. At index 2 it appends another entry. Nobody else gets that one.`,
      actions: [crashes(1), { type: "timeout", node: 5 }],
      fate: campaignsAlone("S5", ({ from, message }) =>
        from.id === "S5" && message.type === "appendEntries" ? "drop" : "pass",
      ),
      until: (picture) => isLeading("S5")(picture) && holdsAt(picture, 2, 3, ["S5"]),
    },
    {
      title: "(c) S1 is back",
      text: `
        S5 crashes, and S1 starts again with what is on its disk: term 2. Others have given their
        votes of term 3 to S5, and S1 learns of that term from their refusals.`,
      actions: [crashes(5), ...isBack(1)],
      fate: campaignsAlone("S1"),
      until: (picture) => nodeIn(picture, "S1").term === 3,
    },
    {
      title: "(c) On a majority, and not committed",
      text: `
        S1 is elected for term 4, and appends an entry of it at index 3. It replicates the old
        entry of term 2 to S3; its new one is lost on the way. S1 knows now that three of five
        nodes have index 2. Nevertheless it doesn't count that as committed: see its border. The
        next step shows why.`,
      actions: [{ type: "timeout", node: 1 }],
      fate: campaignsAlone("S1", onlyOldEntryToS3),
      until: (picture) => {
        const { peers } = nodeIn(picture, "S1");
        const knows = (id: string): boolean =>
          peers.some((peer) => peer.id === id && peer.matchIndex >= 2);
        return isLeading("S1")(picture) && knows("S2") && knows("S3");
      },
    },
    {
      title: "(d) S5 is back",
      text: `
        S1 crashes before more of its entries arrive, and S5 starts again. It learns of term 4.`,
      actions: [crashes(1), ...isBack(5)],
      fate: campaignsAlone("S5"),
      until: (picture) => nodeIn(picture, "S5").term === 4,
    },
    {
      title: "(d) Overwritten",
      text: `
        S5 campaigns for term 5. Its last entry is of term 3: later than that of S2, S3 and S4, so
        they may vote for it. As the leader it replaces index 2 everywhere with its own entry. An
        entry that was on three of five nodes is gone. Had S1 called it committed, Raft would have
        lost it.`,
      fate: campaignsAlone("S5"),
      until: (picture) =>
        ["S2", "S3", "S4", "S5"].every(
          (id) => nodeIn(picture, id).commitIndex >= 3 && termAt(nodeIn(picture, id), 2) === 3,
        ),
    },
    {
      title: "(e) The other ending",
      text: `
        Back to (c), with S1 as leader of term 4. This time its messages arrive. The entry at
        index 3 is of its own term: once that is on a majority it is committed, and with it
        everything before it, index 2 too. A leader commits by counting only entries of its own
        term.`,
      insteadOf: 5,
      fate: campaignsAlone("S1"),
      until: (picture) => nodeIn(picture, "S1").commitIndex >= 3,
    },
    {
      title: "(e) S5 can't win any more",
      text: `
        S1 crashes again, and S5 comes back. But now a majority has an entry of term 4, which is
        later than S5's last one. Every majority has a node that refuses S5. One that has the
        entry is elected, and repairs S5's log.`,
      actions: [crashes(1), ...isBack(5)],
      until: (picture) =>
        picture.leader !== undefined && holdsAt(picture, 3, 4, ["S2", "S3", "S4", "S5"]),
    },
  ],
};
