// Holds nodes to hazard 8: what one announces as committed is on the disks of a majority already.
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
    const voters = log.configurations.at(-1)?.configuration.voters;
    if (commitIndex <= proven || !voters) return;
    proven = commitIndex;
    const holders = nodes.filter(
      ({ incarnation, disk }) =>
        disk.log.lastIndex >= commitIndex &&
        voters.some((voter) => voter.incarnation === incarnation),
    ).length;
    if (2 * holders <= voters.length) {
      throw new InvariantBroken(
        "quorum-durability",
        `${id} announces ${commitIndex} as committed, and the disks of ${holders} of ${voters.length} voters hold so many entries`,
      );
    }
  };
}
