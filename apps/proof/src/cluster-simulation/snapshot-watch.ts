// Snapshots of the simulated nodes, for the coverage matrix and the totals of a run: their own,
// those that the leader sends, and what starts make of them. It judges nothing.
import type { SnapshotMeta, SnapshotPosition } from "@raftkit/core";
import type { Coverage, SnapshotEvent } from "../plans/coverage.js";
import type { Fault } from "../plans/plan.js";
import type { LogView } from "../invariants/view.js";
import type { Computer } from "./computer.js";
import type { InstallWatch } from "./install-watch.js";

/** How often what happened, over a whole run. */
export interface SnapshotCounts {
  captured: number;
  installs: number;
  restores: number;
}

export interface SnapshotWatch {
  readonly counts: SnapshotCounts;
  creating(computer: Computer, position: SnapshotPosition): void;
  abandoned(computer: Computer, position: SnapshotPosition): void;
  committed(computer: Computer, snapshot: SnapshotMeta): void;
  reading(computer: Computer, readers: number): void;
  /** An operation on a file of snapshots was held up or failed, or read what isn't there. */
  disturbed(computer: Computer, how: "slow" | "noRoom" | "failedSync" | "badReads"): void;
  restored(computer: Computer): void;
  /** A start found its newest snapshot damaged. */
  damaged(computer: Computer): void;
  ended(computer: Computer): void;
  /** Somebody asks for one. */
  asking(computer: Computer, done: Promise<unknown>): void;
  isAt(computer: Computer, stage: NonNullable<Fault["duringInstall"]>): boolean;
}

export function createSnapshotWatch(
  coverage: Coverage,
  installs: InstallWatch,
  /** Of a node, in memory. */
  logOf: (computer: Computer) => LogView | undefined,
  changed: () => void,
): SnapshotWatch {
  const counts: SnapshotCounts = { captured: 0, installs: 0, restores: 0 };
  /** Which are being written, or read back. */
  const taking = new Map<Computer, SnapshotPosition>();
  const asked = new Map<Computer, number>();

  /** Its own hold what it has applied; the leader's hold more. */
  function isOwn(computer: Computer, { index }: SnapshotPosition): boolean {
    computer.changed();
    return index <= (computer.status?.lastApplied ?? 0);
  }

  function note(computer: Computer, event: SnapshotEvent): void {
    if (taking.has(computer)) coverage.countSnapshot(event);
  }

  return {
    counts,
    creating(computer, position) {
      const log = logOf(computer);
      if (isOwn(computer, position)) {
        taking.set(computer, position);
        installs.noteTrouble(computer, "capture");
        changed();
      } else if (log) {
        installs.began(computer, position, log);
        if (taking.has(computer)) installs.noteTrouble(computer, "capture");
      }
    },
    abandoned(computer, { index }) {
      if (taking.get(computer)?.index === index) taking.delete(computer);
    },
    committed(computer, snapshot) {
      if (taking.get(computer)?.index === snapshot.index) {
        counts.captured++;
        coverage.countSnapshot((asked.get(computer) ?? 0) > 0 ? "request" : "policy");
      } else {
        counts.installs++;
        installs.committed(computer, snapshot.index);
      }
    },
    reading(computer, readers) {
      installs.reading(computer, readers);
      // It has been read back.
      if (readers === 0) taking.delete(computer);
    },
    disturbed(computer, how) {
      note(computer, how);
      if (how === "badReads") installs.noteSource();
      else if (how !== "failedSync") installs.noteTrouble(computer, how);
    },
    restored(computer) {
      counts.restores++;
      if (computer.node !== undefined) return;
      const { log, snapshot } = computer.disk.durable;
      const isKept = snapshot !== undefined && log.term(snapshot.index) === snapshot.term;
      coverage.countSnapshot(isKept ? "restored" : "reset");
    },
    damaged(computer) {
      coverage.countSnapshot(computer.status?.lacksSnapshot ? "refilled" : "replayed");
    },
    ended(computer) {
      note(computer, "crash");
      taking.delete(computer);
      asked.delete(computer);
      installs.ended(computer);
    },
    asking(computer, done) {
      asked.set(computer, (asked.get(computer) ?? 0) + 1);
      const end = (): void => {
        asked.set(computer, Math.max(0, (asked.get(computer) ?? 0) - 1));
      };
      done.then(end, end);
    },
    isAt: (computer, stage) =>
      stage === "taking" ? taking.has(computer) : installs.isAt(computer, stage),
  };
}
