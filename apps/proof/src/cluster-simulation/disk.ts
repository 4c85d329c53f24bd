// The disk of one simulated computer: the real file log on the simulated disk, in virtual time. It
// follows what is truly durable, by what the disk did and not by what the storage says, and holds
// each opening to what was acknowledged before.
import type { LogOperation, LogStorage, StorageIdentity } from "@raftkit/core";
import type { FileSystem } from "@raftkit/storage-file";
import { createFileLog } from "@raftkit/storage-file";
import type {
  Loss,
  Operation,
  SimulatedDisk,
  Survival,
} from "@raftkit/storage-file/simulated-disk";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import type { SeededRandom, VirtualProcess, VirtualTime } from "@raftkit/simulation";
import { createDiskTiming, never } from "./disk-timing.js";
import type { Ledger, StoredState } from "./ledger.js";
import { createLedger } from "./ledger.js";
import { pickRot } from "./rot.js";

export const DIRECTORY = "/data";

export interface DiskEvents {
  note(line: string): void;
  /** The storage broke its promise. */
  broken(message: string): void;
  opened(): void;
  wiping(): void;
  writing(operations: readonly LogOperation[]): void;
  /** More is durable. */
  durable(): void;
  /** An operation of the node was held up, or failed. */
  disturbed(how: "slowDisk" | "hungDisk" | "failedSync" | "diskFull"): void;
}

export interface DiskOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly segmentBytes: number;
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
  /** The log for one run of the node: nothing of it reaches the disk once the process stopped. */
  attach(process: VirtualProcess): LogStorage;
  /** What would be found after a power cut that takes everything that was not synced. */
  readonly durable: StoredState;
  /** Undefined before the first opening. */
  readonly incarnation: string | undefined;
  /** How many times slower than usual it is. */
  setSlowness(factor: number): void;
  /** Nothing ends any more until `resume`. */
  hang(): void;
  resume(): void;
  /** The next sync of a file fails. @returns takes it back */
  failNextSync(): () => void;
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
   * Opens a copy of what is durable, as another computer would. @returns how that contradicts what
   * the disk did
   */
  reread(identity: StorageIdentity): Promise<string | undefined>;
}

export function createComputerDisk(options: DiskOptions): ComputerDisk {
  const { time, random, segmentBytes, events } = options;
  const ledger = createLedger((message) => events.broken(message));
  const traps = new Set<Trap>();
  const timing = createDiskTiming(time, random, (how) => events.disturbed(how));
  let generation = 0;
  let disk = createDisk();
  let failing: ((operation: Operation) => "EIO" | "ENOSPC" | undefined) | undefined;

  function createDisk(): SimulatedDisk {
    return createSimulatedDisk({
      random: random.fork(`survival/${generation}`).next,
      fault(operation) {
        spring({ operation, when: "before" });
        const code = failing?.(operation);
        return code === undefined ? undefined : { type: "error", code };
      },
      onOutcome(operation, error) {
        if (error === undefined) {
          if (ledger.onEffect(operation)) events.durable();
        }
        spring({ operation, when: "after", error });
      },
    });
  }

  function spring(moment: Parameters<Trap>[0]): void {
    for (const trap of traps) if (trap(moment)) traps.delete(trap);
  }

  function attach(process: VirtualProcess): LogStorage {
    ledger.onEnd();
    const fileSystem = disk.boot(timing.of(process));
    const log = createFileLog({
      directory: DIRECTORY,
      segmentBytes,
      random: random.fork(`log/${generation}/${disk.operations}`).next,
      wallClock: () => time.now(),
      schedule: (ms, run) => process.clock.schedule(process.clock.now() + ms, run),
      fileSystem: options.tamper?.(fileSystem) ?? fileSystem,
      onEvent: (event) => {
        if (!process.stopped) {
          events.note(
            `log ${event.type} ${event.type === "tailCut" ? `${event.file} ${event.offset}+${event.bytes}` : event.task}`,
          );
        }
      },
    });
    return observed(log, process, ledger, events);
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
    hang: () => timing.hang(),
    resume: () => timing.resume(),
    failNextSync() {
      failing = ({ type }) => {
        if (type !== "datasync") return undefined;
        failing = undefined;
        events.disturbed("failedSync");
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
    },
    rot() {
      const place = pickRot(disk.files(), random);
      if (place === undefined || !disk.flip(place.path, place.at, 1 << random.integer(8))) {
        return undefined;
      }
      return `${place.path} at ${place.at}`;
    },
    async reread(identity) {
      const copy = createSimulatedDisk({ random: random.fork("copy").next });
      for (const [path, content] of disk.durableFiles()) copy.tamper(path, content);
      const log = createFileLog({
        directory: DIRECTORY,
        segmentBytes,
        random: random.fork("copy/log").next,
        wallClock: () => time.now(),
        fileSystem: copy.boot(),
      });
      try {
        return ledger.contradiction(await log.open(identity));
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      } finally {
        await log.close();
      }
    },
  };
}

/** Tells the ledger and whoever listens what passes between a run of the node and its log. */
function observed(
  log: LogStorage,
  process: VirtualProcess,
  ledger: Ledger,
  events: DiskEvents,
): LogStorage {
  return {
    async open(identity, onSpace) {
      const opened = await log.open(identity, onSpace);
      if (!process.stopped) {
        ledger.onOpened(opened);
        events.opened();
      }
      return opened;
    },
    async write(operations) {
      if (process.stopped) return never;
      ledger.onWrite(operations);
      events.writing(operations);
      await log.write(operations);
      if (!process.stopped) ledger.onAcknowledged();
    },
    close: () => log.close(),
  };
}
