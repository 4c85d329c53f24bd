// Figure 7 of the paper: all the ways in which followers' logs may differ from a new leader's.
import type { Picture } from "../model/picture.js";
import type { Scene } from "./scene.js";
import { isLeading, nodeIn, termsOf } from "./scene.js";

/** Of the entries from index 2 on; entry 1 is the configuration, of term 1. */
const LOGS: readonly (readonly number[])[] = [
  [1, 1, 4, 4, 5, 5, 6, 6, 6],
  [1, 1, 4, 4, 5, 5, 6, 6],
  [1, 1, 4],
  [1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
  [1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
  [1, 1, 4, 4, 4, 4],
  [1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
];

const isLikeS1 = (picture: Picture, id: string): boolean =>
  termsOf(nodeIn(picture, id)) === termsOf(nodeIn(picture, "S1"));

export const figure7: Scene = {
  id: "figure-7",
  title: "Figure 7",
  subtitle: "Paper §5.3: a leader makes all logs like its own",
  setup: {
    seed: 566,
    nodes: 7,
    stored: LOGS.map((terms) => ({ currentTerm: 7, terms })),
  },
  steps: [
    {
      title: "Seven logs",
      text: `
        This is Figure 7. The number and colour of an entry is its term. S1 is the leader of the
        figure, S2 to S7 are its followers (a) to (f). S2 and S3 lack entries, S4 and S5 have some
        that S1 lacks, S6 and S7 both. S7, for example, led in terms 2 and 3, and crashed before
        it could replicate anything.`,
      until: () => true,
    },
    {
      title: "S1 is elected for term 8",
      text: `
        S1's timer runs out. S4 and S5 refuse it their votes: their logs are more complete than
        S1's, because they end with a later term, or are longer in the same term. The other four
        agree, and S1 has five votes of seven. What is committed is on a majority, so somebody in
        every majority would refuse a candidate that lacked it.`,
      until: isLeading("S1"),
    },
    {
      title: "Where do the logs agree?",
      text: `
        S1 appends its no-op at index 11. Each AppendEntries names the index and term of the entry
        before: whoever doesn't have that refuses, and says where the logs may agree. Entries with
        the same index and term are the same, and so is everything before them: S1 needs to find
        one such place in each log. Watch S3, whose log is short: it gets all that it lacks in one
        message.`,
      until: (picture) => isLikeS1(picture, "S3"),
    },
    {
      title: "All logs are alike",
      text: `
        Where a follower's entry has another term than the leader's, it goes, with all that follow
        it: the entries of S4 and S5 beyond index 10, those of S6 from index 6 on, and of S7 from
        index 4 on. A leader itself never removes anything. Once the no-op, an entry of its own
        term, is on a majority, everything before it is committed.`,
      until: (picture) =>
        picture.nodes.every(({ id, appliedIndex }) => appliedIndex >= 11 && isLikeS1(picture, id)),
    },
  ],
};
