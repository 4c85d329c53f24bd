// The simulated world that faults befall: computers, network and time, who is to be started again
// when, and who is out for good. It knows what may be broken without breaking Raft's assumptions:
// the disks of a minority.
import type { NodeId } from "@raftkit/core";
import type { LinkSettings, VirtualNetwork, VirtualTime } from "@raftkit/simulation";
import type { FaultKind } from "../plans/plan.js";
import type { Computer } from "./computer.js";

/** Changes how some directions behave, on top of what else goes wrong there. */
export interface LinkFault {
  readonly kind: FaultKind;
  hits(from: NodeId, to: NodeId): boolean;
  change(settings: LinkSettings): LinkSettings;
}

export interface World {
  readonly time: VirtualTime;
  readonly computers: readonly Computer[];
  note(line: string): void;
  /** @returns takes it away */
  disturb(fault: LinkFault): () => void;
  /** What disturbs this direction now. */
  disturbances(from: NodeId, to: NodeId): readonly FaultKind[];
  /** Starts it again after so many milliseconds, unless it was started by then. */
  restartIn(computer: Computer, ms: number): void;
  /**
   * Claims the right to damage or empty this computer's disk: a minority's may be. @returns false
   * when too many are
   */
  mayLose(computer: Computer): boolean;
  /** Whether this computer's snapshot may be damaged until another one takes its place. */
  mayRot(computer: Computer): boolean;
  readonly lost: ReadonlySet<Computer>;
  /** Its disk was replaced, and nobody counts on the former one. */
  regain(computer: Computer): void;
  /** It stays down: its disk is damaged, or empty where the others know it by another one. */
  exclude(computer: Computer): void;
  readonly excluded: ReadonlySet<Computer>;
  /** No more faults: links are sound, and who is down is started. */
  heal(): void;
}

export function createWorld(
  time: VirtualTime,
  network: VirtualNetwork,
  sound: LinkSettings,
  computers: readonly Computer[],
  note: (line: string) => void,
  /** Not given: the members stay. @param isLost its present disk is, or it never comes back */
  mayLoseAs?: (victim: Computer, isLost: (computer: Computer) => boolean) => boolean,
): World {
  const disturbances = new Set<LinkFault>();
  const lost = new Set<Computer>();
  const excluded = new Set<Computer>();

  function relink(): void {
    for (const { id: from } of computers) {
      for (const { id: to } of computers) {
        if (from === to) continue;
        let settings = sound;
        for (const fault of disturbances) {
          if (fault.hits(from, to)) settings = fault.change(settings);
        }
        network.setLink(from, to, settings);
      }
    }
  }

  const isLost = (computer: Computer): boolean =>
    lost.has(computer) || excluded.has(computer) || computer.disk.isSnapshotRotten;

  function mayLoseMore(victim: Computer): boolean {
    if (mayLoseAs) return mayLoseAs(victim, isLost);
    const rotten = computers.filter(
      (computer) => computer.disk.isSnapshotRotten && !lost.has(computer),
    ).length;
    return 2 * (lost.size + rotten + 1) < computers.length;
  }

  /** A node that stopped by itself may still hold its process: it goes first. */
  function start(computer: Computer): void {
    if (excluded.has(computer)) return;
    if (!computer.process.stopped) computer.crash();
    computer.start();
  }

  return {
    time,
    computers,
    note,
    lost,
    excluded,
    disturb(fault) {
      disturbances.add(fault);
      relink();
      return () => {
        disturbances.delete(fault);
        relink();
      };
    },
    disturbances: (from, to) =>
      disturbances.size === 0
        ? []
        : [...disturbances].filter((fault) => fault.hits(from, to)).map(({ kind }) => kind),
    restartIn(computer, ms) {
      const { runs } = computer;
      time.at(time.now() + ms, () => {
        if (computer.runs === runs && !computer.isUp) start(computer);
      });
    },
    mayLose(computer) {
      if (lost.has(computer)) return true;
      if (!mayLoseMore(computer)) return false;
      lost.add(computer);
      return true;
    },
    mayRot: (computer) =>
      !lost.has(computer) && !computer.disk.isSnapshotRotten && mayLoseMore(computer),
    regain(computer) {
      lost.delete(computer);
    },
    exclude(computer) {
      if (!computer.process.stopped) computer.crash();
      excluded.add(computer);
    },
    heal() {
      disturbances.clear();
      relink();
      // Whom nobody has asked to join yet isn't there.
      for (const computer of computers) {
        if (!computer.isUp && computer.runs > 0) start(computer);
      }
    },
  };
}
