// What computers and their disks tell, and who is told: the watches, the timeline, the trace.
import type { Computer, RunContext } from "./computer.js";
import type { DiskEvents } from "./disk.js";
import { onFailure } from "./failures.js";
import type { KvHistory } from "./kv-history.js";
import type { Operators } from "./operators.js";
import type { InstallWatch } from "./install-watch.js";
import type { Replicas } from "./replicas.js";
import type { Run } from "./run-basics.js";
import { isSnapshotPath } from "./snapshot-files.js";
import type { SnapshotWatch } from "./snapshot-watch.js";
import type { Timeline } from "./timeline.js";
import type { View } from "./view.js";
import type { Watch } from "./watch.js";
import type { World } from "./world.js";

export interface Observers {
  readonly watch: Watch;
  readonly replicas: Replicas;
  readonly snapshots: SnapshotWatch;
  readonly installs: InstallWatch;
  readonly timeline: Timeline;
  readonly view: View;
  readonly world: World;
  /** Where members come and go, leaderships are handed on, or there are leases. */
  readonly operators: Operators | undefined;
  readonly history: KvHistory | undefined;
}

type ComputerEvents = Pick<
  RunContext,
  | "opened"
  | "ended"
  | "applied"
  | "captured"
  | "restored"
  | "diverged"
  | "removed"
  | "clockStopped"
  | "failed"
>;

/** @param to observers, who observe computers: there are none yet when these are made */
export function computerEvents(
  { coverage, note, broken }: Run,
  to: () => Observers,
): ComputerEvents {
  return {
    opened(computer) {
      to().operators?.opened(computer);
      if (computer.disk.isSnapshotRotten) to().snapshots.damaged(computer);
    },
    ended(computer) {
      to().operators?.changes.note("crash");
      to().snapshots.ended(computer);
      to().watch.ended(computer);
    },
    applied(computer, application, stateHash) {
      note(`${computer.id} applied ${application.index}/${application.term}`);
      to().watch.applied(computer, application.index, stateHash);
      to().replicas.applied(computer.id, application, computer.restoredIndex);
      to().history?.applied(application);
    },
    captured: (computer, index, stateHash) => to().watch.captured(computer, index, stateHash),
    restored(computer, index, stateHash) {
      note(`${computer.id} restored ${index}`);
      to().snapshots.restored(computer);
      to().watch.restored(computer, index, stateHash);
    },
    diverged: (computer, peer, index) =>
      broken(
        "state-hash",
        `${computer.id} says that ${peer}'s state differs from its own at ${index}`,
      ),
    removed(computer, index) {
      note(`${computer.id} is told that it is removed as of ${index}`);
      to().operators?.removed(computer, index);
    },
    clockStopped({ status }) {
      if (status?.role === "leader" && status.hasLease) coverage.countCell("lease void");
    },
    failed(computer, error, wasRunning) {
      const { world, view, operators } = to();
      onFailure(computer, error, wasRunning, world, view, operators?.rejoins === true, broken);
    },
  };
}

/** @param of the computer, which has its disk when it is made */
export function diskEvents(
  { note, broken }: Run,
  of: () => Computer,
  to: () => Observers,
): DiskEvents {
  return {
    note: (line) => note(`${of().id} ${line}`),
    broken: (message) => broken("storage", `${of().id}: ${message}`),
    opened: () => to().watch.opened(of()),
    snapshotsOpened: () => to().watch.started(of()),
    wiping: () => to().watch.wiping(of()),
    writing: (operations) => to().watch.writing(of(), operations),
    durable() {
      to().watch.durable(of());
      to().installs.durable(of());
    },
    saved() {
      to().watch.saved(of());
      to().view.changed();
    },
    disturbed(how, path) {
      if (how === "slowDisk" || how === "hungDisk" || how === "failedSync") {
        to().timeline.count(how, of());
      }
      if (isSnapshotPath(path)) to().snapshots.disturbed(of(), troubles[how]);
    },
    snapshots: {
      creating: (position) => to().snapshots.creating(of(), position),
      abandoned: (position) => to().snapshots.abandoned(of(), position),
      committed(snapshot) {
        const { snapshots: watch, operators } = to();
        const { installs } = watch.counts;
        watch.committed(of(), snapshot);
        if (watch.counts.installs > installs) operators?.changes.note("install");
      },
      reading: (readers) => to().snapshots.reading(of(), readers),
    },
  };
}

const troubles = {
  slowDisk: "slow",
  hungDisk: "slow",
  slowSnapshots: "slow",
  failedSync: "failedSync",
  noRoom: "noRoom",
  badReads: "badReads",
} as const;
