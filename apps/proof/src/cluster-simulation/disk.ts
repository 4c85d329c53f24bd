// The disk of one simulated computer: the real file log and snapshots on the simulated disk, in
// virtual time. It follows what is truly durable, by what the disk did and not by what the storage
// says, and holds each opening to what was acknowledged before.
import type {
  LogOperation,
  LogStorage,
  OpenedLog,
  SnapshotStorage,
  StorageIdentity,
} from "@raftkit/core";
import type { FileSystem } from "@raftkit/storage-file";
import { createFileLog, createFileSnapshots } from "@raftkit/storage-file";
import type {
  Loss,
  Operation,
  SimulatedDisk,
  Survival,
} from "@raftkit/storage-file/simulated-disk";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import type { SeededRandom, VirtualProcess, VirtualTime } from "@raftkit/simulation";
import type { SnapshotView } from "../invariants/view.js";
import { createBadReads } from "./bad-reads.js";
import type { HeldUp } from "./disk-timing.js";
import { createDiskTiming } from "./disk-timing.js";
import type { StoredState } from "./ledger.js";
import { createLedger } from "./ledger.js";
import type { SnapshotEvents } from "./observed-storage.js";
import { observedLog, observedSnapshots } from "./observed-storage.js";
import { pickRot } from "./rot.js";
import type { FileSnapshot } from "./snapshot-files.js";
import { createStoredSnapshots } from "./stored-snapshots.js";

export const DIRECTORY = "/data";
const SNAPSHOTS = `${DIRECTORY}/snapshots`;

export interface DiskEvents {
  note(line: string): void;
  /** The storage broke its promise. */
  broken(message: string): void;
  opened(): void;
  /** Its snapshots are open, too: what a run finds is known. */
  snapshotsOpened(): void;
  wiping(): void;
  writing(operations: readonly LogOperation[]): void;
  /** More is durable. */
  durable(): void;
  /** A newer snapshot is durable. */
  saved(): void;
  /** An operation of the node on this file was held up, failed, or read what isn't there. */
  disturbed(how: HeldUp | "failedSync" | "noRoom" | "badReads", path: string): void;
  readonly snapshots: Omit<SnapshotEvents, "opened">;
}

export interface DiskOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly segmentBytes: number;
  /** Up to so long takes each operation on a file of snapshots. ms */
  readonly snapshotMs: number;
  /** Starts read what is there: of those there are too few that can help each other. */
  readonly isRunning: () => boolean;
  /** What a file of snapshots is. */
  readonly viewOf: (file: FileSnapshot) => SnapshotView;
  /** Puts something between the storage and its disk: for tests of this very harness. */
  readonly tamper?: (fileSystem: FileSystem) => FileSystem;
  readonly events: DiskEvents;
}

/**
 * Something that waits for a moment of the disk. @returns whether it was that moment; then it is
 * over
 */
export type Trap = (moment: {
  readonly operation: Operation;
  readonly when: "before" | "after";
  readonly error?: unknown;
}) => boolean;

export interface ComputerDisk {
  /**
   * Log and snapshots for one run of the node: nothing of it reaches the disk once the process
   * stopped.
   */
  attach(process: VirtualProcess): {
    readonly log: LogStorage;
    readonly snapshots: SnapshotStorage;
  };
  /** What would be found after a power cut that takes everything that was not synced. */
  readonly durable: StoredState;
  /** Undefined before the first opening. */
  readonly incarnation: string | undefined;
  /** How many times slower than usual it is. */
  setSlowness(factor: number): void;
  /** So much longer take operations on files of snapshots. ms */
  setSnapshotDelay(ms: number): void;
  /** What a running node reads of snapshots isn't always what is there. */
  setBadReads(isBad: boolean): void;
  /** Slow, or hung. */
  readonly isSlow: boolean;
  /** Nothing ends any more until `resume`. */
  hang(): void;
  resume(): void;
  /** The next sync of a file fails, or of one like that. @returns takes it back */
  failNextSync(fits?: (path: string) => boolean): () => void;
  /** No file may grow beyond what the disk holds now, and a little; undefined: all may. */
  setFree(bytes: number | undefined): void;
  /**
   * After so many more writes there is no room, not even to overwrite: file systems that copy on
   * write need some for that. @returns takes it back
   */
  fillAfter(writes: number): () => void;
  /** @returns takes it away */
  setTrap(trap: Trap): () => void;
  unsynced(): { readonly sectors: number; readonly names: number };
  kill(): void;
  powerCut(survival: Survival): Loss;
  /** Everything is gone. */
  wipe(): void;
  /**
   * Bit rot in the log's files, of a kind that can be told from a torn write. @returns where;
   * undefined: there is nothing to rot
   */
  rot(): string | undefined;
  /**
   * Bit rot in the newest snapshot, until another one takes its place. @returns whether there is
   * one that is whole
   */
  rotSnapshot(part: "data" | "description"): boolean;
  readonly isSnapshotRotten: boolean;
  /** The present run was given what isn't there. */
  readonly hasReadBadly: boolean;
  /**
   * Opens a copy of what is durable, as another computer would. @returns how that contradicts what
   * the disk did
   */
  reread(): Promise<string | undefined>;
}

export function createComputerDisk(options: DiskOptions): ComputerDisk {
  const { time, random, events } = options;
  const ledger = createLedger((message) => events.broken(message));
  const traps = new Set<Trap>();
  const timing = createDiskTiming(time, random, options.snapshotMs, (how, path) =>
    events.disturbed(how, path),
  );
  let generation = 0;
  let disk = createDisk();
  let failing: ((operation: Operation) => "EIO" | "ENOSPC" | undefined) | undefined;
  const stored = createStoredSnapshots((message) => events.broken(message));
  /** As which it was last opened. */
  let identity: StorageIdentity | undefined;
  const badReads = createBadReads(
    () => options.isRunning() && random.chance(0.7),
    (path) => events.disturbed("badReads", path),
  );

  function createDisk(): SimulatedDisk {
    return createSimulatedDisk({
      random: random.fork(`survival/${generation}`).next,
      durableWrites: true,
      fault(operation) {
        spring({ operation, when: "before" });
        const code = failing?.(operation);
        return code === undefined ? undefined : { type: "error", code };
      },
      onOutcome(operation, error) {
        if (error === undefined) onEffect(operation);
        else if (isNoSpace(error)) events.disturbed("noRoom", operation.path);
        spring({ operation, when: "after", error });
      },
    });
  }

  function onEffect(operation: Operation): void {
    if (ledger.onEffect(operation)) events.durable();
    if (operation.type === "syncDirectory" && operation.path === SNAPSHOTS) {
      const found = stored.look(disk.durableFiles(SNAPSHOTS));
      if (found && ledger.onSnapshot(options.viewOf(found))) events.saved();
    }
  }

  function spring(moment: Parameters<Trap>[0]): void {
    for (const trap of traps) if (trap(moment)) traps.delete(trap);
  }

  function attach(process: VirtualProcess): ReturnType<ComputerDisk["attach"]> {
    ledger.onEnd();
    const booted = disk.boot(timing.of(process));
    const fileSystem = badReads.between(options.tamper?.(booted) ?? booted);
    const draw = (what: string): (() => number) =>
      random.fork(`${what}/${generation}/${disk.operations}`).next;
    const { log, snapshots } = createStorages(options, process, fileSystem, draw);
    return {
      log: observedLog(log, process, {
        opened(opened, as) {
          identity = as;
          ledger.onOpened(opened);
          events.opened();
        },
        writing(operations) {
          ledger.onWrite(operations);
          events.writing(operations);
        },
        acknowledged: () => ledger.onAcknowledged(),
      }),
      snapshots: observedSnapshots(snapshots, process, {
        ...events.snapshots,
        opened(found) {
          stored.onOpened(found);
          events.snapshotsOpened();
        },
        committed(snapshot) {
          stored.onCommitted(snapshot);
          events.snapshots.committed(snapshot);
        },
      }),
    };
  }

  return {
    attach,
    get durable() {
      return ledger.durable;
    },
    get incarnation() {
      return ledger.incarnation;
    },
    setSlowness: (factor) => timing.setSlowness(factor),
    setSnapshotDelay: (ms) => timing.setSnapshotDelay(ms),
    setBadReads: (isBad) => (badReads.isOn = isBad),
    get isSlow() {
      return timing.isSlow;
    },
    hang: () => timing.hang(),
    resume: () => timing.resume(),
    failNextSync(fits = () => true) {
      failing = ({ type, path }) => {
        if (type !== "datasync" || !fits(path)) return undefined;
        failing = undefined;
        events.disturbed("failedSync", path);
        return "EIO";
      };
      return () => {
        failing = undefined;
      };
    },
    fillAfter(writes) {
      let left = writes;
      failing = ({ type }) => (type === "write" && left-- <= 0 ? "ENOSPC" : undefined);
      return () => {
        failing = undefined;
      };
    },
    setFree: (bytes) => disk.setCapacity(bytes === undefined ? Infinity : disk.usedBytes() + bytes),
    setTrap(trap) {
      traps.add(trap);
      return () => {
        traps.delete(trap);
      };
    },
    unsynced: () => disk.unsynced(),
    kill: () => disk.kill(),
    powerCut: (survival) => disk.powerCut(survival),
    wipe() {
      events.wiping();
      disk.kill();
      generation++;
      disk = createDisk();
      ledger.wipe();
      stored.wipe();
    },
    rot: () => rotOn(disk, random),
    rotSnapshot: (part) => stored.rot(part, random, (path, at, mask) => disk.flip(path, at, mask)),
    get isSnapshotRotten() {
      return stored.isRotten;
    },
    get hasReadBadly() {
      return badReads.hasMisled;
    },
    async reread() {
      if (identity === undefined) return undefined;
      const copy = createSimulatedDisk({ random: random.fork("copy").next });
      for (const [path, content] of disk.durableFiles()) copy.tamper(path, content);
      const found = await openCopy(options, copy.boot(), identity);
      if (typeof found === "string") return found;
      const difference = ledger.contradiction(found.log);
      const index = ledger.durable.snapshot?.index ?? 0;
      return difference !== undefined || stored.isRotten || index === found.snapshotIndex
        ? difference
        : `a snapshot at ${found.snapshotIndex}, not at ${index}`;
    },
  };
}

/** @returns where; undefined: there is nothing to rot */
function rotOn(disk: SimulatedDisk, random: SeededRandom): string | undefined {
  const place = pickRot(disk.files(), random);
  if (place === undefined || !disk.flip(place.path, place.at, 1 << random.integer(8))) {
    return undefined;
  }
  return `${place.path} at ${place.at}`;
}

/** The real ones, in the time of a process. @param draw of random numbers of its own */
function createStorages(
  { time, segmentBytes, events }: DiskOptions,
  process: VirtualProcess,
  fileSystem: FileSystem,
  draw: (what: string) => () => number,
): { readonly log: LogStorage; readonly snapshots: SnapshotStorage } {
  const note = (line: string): void => {
    if (!process.stopped) events.note(line);
  };
  const log = createFileLog({
    directory: DIRECTORY,
    segmentBytes,
    random: draw("log"),
    wallClock: () => time.now(),
    schedule: (ms, run) => process.clock.schedule(process.clock.now() + ms, run),
    fileSystem,
    onEvent: (event) =>
      note(
        `log ${event.type} ${event.type === "tailCut" ? `${event.file} ${event.offset}+${event.bytes}` : event.task}`,
      ),
  });
  const snapshots = createFileSnapshots({
    directory: DIRECTORY,
    fileSystem,
    random: draw("snapshots"),
    onEvent: (event) => note(`snapshots ${event.type}`),
  });
  return { log, snapshots };
}

/** What another computer finds there. @returns what is wrong, if it can't be opened */
async function openCopy(
  { time, random, segmentBytes }: DiskOptions,
  fileSystem: FileSystem,
  identity: StorageIdentity,
): Promise<{ readonly log: OpenedLog; readonly snapshotIndex: number } | string> {
  const log = createFileLog({
    directory: DIRECTORY,
    segmentBytes,
    random: random.fork("copy/log").next,
    wallClock: () => time.now(),
    fileSystem,
  });
  const snapshots = createFileSnapshots({ directory: DIRECTORY, fileSystem });
  try {
    const opened = await log.open(identity);
    return { log: opened, snapshotIndex: (await snapshots.open(identity))?.index ?? 0 };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await snapshots.close();
    await log.close();
  }
}

function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOSPC";
}
