// Holds nodes to hazard 8: what one announces as committed is on the disks of a majority already.
import type { Member } from "@raftkit/core";
import { isSameMember } from "@raftkit/core";
import { isQuorum, namesOf } from "../invariants/configuration-safety.js";
import { InvariantBroken } from "../invariants/invariant.js";
import type { NodeView } from "../invariants/view.js";

/**
 * As it was announced, before the own log is known so far: so many entries must be on the disks of
 * a majority.
 */
export type CheckAnnouncedCommit = (announcing: NodeView, commitIndex: number) => void;

/**
 * @param nodes all that were ever seen
 * @returns throws `InvariantBroken` where too few hold it
 */
export function createAnnouncedCommitCheck(nodes: readonly NodeView[]): CheckAnnouncedCommit {
  /** What was announced as committed, anywhere, and found on the disks of a majority. */
  let proven = 0;
  return ({ id, log }, commitIndex) => {
    if (commitIndex <= proven) return;
    const current = log.configurations.at(-1)?.configuration;
    if (!current) return;
    proven = commitIndex;
    const holders = nodes.filter(({ disk }) => disk.log.lastIndex >= commitIndex);
    const holds = (member: Member): boolean => holders.some((node) => isSameMember(node, member));
    // A joint phase may be over in the announcer's memory, and isn't yet in what is known of it.
    const { voters } = current;
    if (isQuorum(current, holds) || isQuorum({ ...current, outgoing: voters }, holds)) return;
    throw new InvariantBroken(
      "quorum-durability",
      `${id} announces ${commitIndex} as committed, and the disks of ${holders.map((node) => node.id).join(", ") || "nobody"} hold so many entries: no quorum of ${namesOf(current)}`,
    );
  };
}
