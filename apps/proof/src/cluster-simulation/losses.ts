// Whose disk may be lost or damaged without breaking what Raft assumes: that of a minority of every
// configuration by which somebody may yet be elected, by data directories.
import type { Configuration, Member } from "@raftkit/core";
import { isListed } from "@raftkit/core";
import type { NodeView } from "../invariants/view.js";
import type { Computer } from "./computer.js";
import type { View } from "./view.js";
import type { World } from "./world.js";

/** The last one that was committed, and all after it, wherever they are. */
export function configurationsInForce(nodes: readonly NodeView[]): readonly Configuration[] {
  const all = nodes
    .filter(({ isWiped }) => !isWiped)
    .flatMap(({ log, disk, commitIndex }) =>
      [log, disk.log].flatMap(({ configurations }) =>
        configurations.map(({ index, configuration }) => ({ index, configuration, commitIndex })),
      ),
    );
  const committed = Math.max(
    0,
    ...all.map(({ index, commitIndex }) => (index <= commitIndex ? index : 0)),
  );
  return all.filter(({ index }) => index >= committed).map(({ configuration }) => configuration);
}

export interface Losses {
  /**
   * Claims the right to lose or damage this disk.
   * @param isLost its present disk is, or it never comes back
   */
  claim(victim: Computer, isLost: (computer: Computer) => boolean): boolean;
  /** A run of it has opened its disk. */
  opened(computer: Computer): void;
  /** A leader may still count on a disk that is gone. */
  readonly areFresh: boolean;
}

/** A leader counts on a disk that is lost for so long, and longer than on any answer. ms */
export const QUIET_MS = 1_500;

/**
 * @param founders so many of the computers, those that come first
 * @param areQuiet nobody changes the members: it would be about to be decided who is needed
 */
export function createLosses(
  world: World,
  view: View,
  nodes: readonly NodeView[],
  founders: number,
  areQuiet: () => boolean,
): Losses {
  const { computers, time } = world;
  /** The data directories that were lost and not yet replaced. */
  const lost = new Map<Computer, string | undefined>();
  let lostAt = -Infinity;
  const isBootstrapping = (): boolean => view.phase() === "bootstrapping";

  function mayLose(victim: Computer, isLost: (computer: Computer) => boolean): boolean {
    if (isBootstrapping()) {
      const isFounder = computers.indexOf(victim) < founders;
      return isFounder && 2 * (computers.filter(isLost).length + 1) < founders;
    }
    return areQuiet() && mayLoseMember(victim, computers, configurationsInForce(nodes), isLost);
  }

  return {
    claim(victim, isLost) {
      if (!mayLose(victim, isLost)) return false;
      lostAt = time.now();
      lost.set(victim, victim.disk.incarnation);
      return true;
    },
    opened(computer) {
      const { incarnation } = computer.disk;
      if (!lost.has(computer) || lost.get(computer) === incarnation || isBootstrapping()) return;
      lost.delete(computer);
      world.regain(computer);
    },
    get areFresh() {
      return time.now() < lostAt + QUIET_MS;
    },
  };
}

function mayLoseMember(
  victim: Computer,
  computers: readonly Computer[],
  inForce: readonly Configuration[],
  isLost: (computer: Computer) => boolean,
): boolean {
  const { incarnation } = victim.disk;
  if (incarnation === undefined) return false;
  const own = { id: victim.id, incarnation };
  const isGone = (member: Member): boolean => {
    const found = computers.find(({ id }) => id === member.id);
    return found?.disk.incarnation !== member.incarnation || isLost(found);
  };
  return inForce.every(
    ({ voters, learners, outgoing }) =>
      !isListed(learners, own) &&
      [voters, outgoing].every((half) => {
        return !isListed(half, own) || 2 * (half.filter(isGone).length + 1) < half.length;
      }),
  );
}
