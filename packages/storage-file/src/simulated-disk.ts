// A disk in memory that loses what a disk may lose. It keeps durable data apart from what was only
// written; a power cut keeps any part of the latter, sector by sector and name by name, in any
// order. Deterministic for a given `random`; it never waits unless `delay` or `answer` does.
import type { FileHandle, FileSystem } from "./file-system.js";
import { durablyWriting, fileSystemOver, handleOf } from "./simulated-file-system.js";
import type { SimulatedFile } from "./simulated-file.js";
import {
  createFile,
  flipByte,
  syncFile,
  unsyncedSectors,
  view,
  writeTo,
} from "./simulated-file.js";
import type { Loss, Survival } from "./simulated-loss.js";
import { lose } from "./simulated-loss.js";
import { createNames } from "./simulated-names.js";
import type { DiskTiming, Fault, Operation, Process } from "./simulated-operations.js";
import { createOperations } from "./simulated-operations.js";

export type { Loss, Survival } from "./simulated-loss.js";
export type { DiskTiming, Fault, Operation } from "./simulated-operations.js";

export interface SimulatedDiskOptions extends DiskTiming {
  /** Uniform in [0, 1): decides what survives. */
  readonly random: () => number;
  /** Asked before each operation of a process that lives. */
  readonly fault?: (operation: Operation) => Fault | undefined;
  /** Told of each operation that took effect or failed (with the error), before its answer. */
  readonly onOutcome?: (operation: Operation, error?: unknown) => void;
  /** Writes that would exceed it fail with ENOSPC, having done what fits. */
  readonly capacityBytes?: number;
  /**
   * Whether a file can be opened so that its writes are durable, as on Linux with `O_DSYNC`.
   * Default: false.
   */
  readonly durableWrites?: boolean;
}

export interface SimulatedDisk {
  /**
   * The file system as one process sees it, until that process or the power is gone. `timing`
   * instead of that of the options.
   */
  boot(timing?: DiskTiming): FileSystem;
  /** Ends the processes; what they wrote stays. */
  kill(): void;
  /**
   * Ends the processes and loses any part of what was not synced; drawn where `survival` is not
   * given.
   */
  powerCut(survival?: Survival): Loss;
  /** How many operations there were. */
  readonly operations: number;
  /** What a power cut now could take. */
  unsynced(): { readonly sectors: number; readonly names: number };
  /** What the names take up, in bytes. */
  usedBytes(): number;
  setFault(fault: ((operation: Operation) => Fault | undefined) | undefined): void;
  setCapacity(bytes: number): void;
  /** Content as a process would read it, by path. */
  files(): Map<string, Uint8Array>;
  /**
   * The contents after a power cut that loses everything that was not synced, by path.
   * @param below only of the files in this directory and its subdirectories; default: of all
   */
  durableFiles(below?: string): Map<string, Uint8Array>;
  /** Replaces a file, durably: bit rot, or an operator's mistake. Undefined removes it. */
  tamper(path: string, content: Uint8Array | undefined): void;
  /**
   * Bit rot: inverts the bits of `mask` in one byte, durably. @returns false when the file is
   * missing or shorter
   */
  flip(path: string, at: number, mask: number): boolean;
}

export function createSimulatedDisk(options: SimulatedDiskOptions): SimulatedDisk {
  const { random, onOutcome, durableWrites = false } = options;
  let { fault, capacityBytes = Infinity } = options;
  const names = createNames();
  const locks = new Map<string, Process>();
  let processes: Process[] = [];
  const operations = createOperations({
    fault: (operation) => fault?.(operation),
    onOutcome,
    powerCut,
  });

  function kill(): void {
    for (const process of processes) process.alive = false;
    processes = [];
    locks.clear();
  }
  function powerCut(survival?: Survival): Loss {
    kill();
    return lose(names, random, survival);
  }
  function usedBytes(): number {
    let sum = 0;
    for (const file of names.current.values()) sum += file.current.size;
    return sum;
  }

  /** How many bytes there is no room for when a file grows by so many. */
  function lacking(growth: number): number {
    return growth > 0 && capacityBytes < Infinity
      ? Math.max(0, Math.min(growth, usedBytes() + growth - capacityBytes))
      : 0;
  }

  function boot({ delay, answer }: DiskTiming = options): FileSystem {
    const process: Process = { alive: true, ...(delay && { delay }), ...(answer && { answer }) };
    processes.push(process);
    const operate = operations.operateAs(process);
    const lock = (directory: string): (() => Promise<void>) | undefined => {
      if (locks.has(directory)) return undefined;
      locks.set(directory, process);
      return () => operate("unlock", directory, () => void locks.delete(directory));
    };
    const open = (file: SimulatedFile, writes: "durable" | undefined): FileHandle => {
      const handle = handleOf(file, operate, lacking, random);
      return durableWrites && writes === "durable"
        ? durablyWriting(handle, file, operate, random)
        : handle;
    };
    return fileSystemOver(names, operate, open, lock);
  }

  return {
    boot,
    kill,
    powerCut,
    get operations() {
      return operations.count;
    },
    unsynced() {
      let sectors = 0;
      for (const file of names.current.values()) sectors += unsyncedSectors(file);
      return { sectors, names: names.unsynced };
    },
    usedBytes,
    setFault: (next) => void (fault = next),
    setCapacity: (bytes) => void (capacityBytes = bytes),
    files: () => contents(names.current, ({ current }) => view(current).slice()),
    durableFiles: (below = "") =>
      contents(names.durable, ({ durable }) => view(durable).slice(), `${below}/`),
    tamper(path, content) {
      const file = content === undefined ? undefined : createFile(false, path);
      if (file !== undefined && content !== undefined) {
        writeTo(file, 0, content.slice());
        syncFile(file);
      }
      names.plant(path, file);
    },
    flip(path, at, mask) {
      const file = names.current.get(path);
      return file !== undefined && flipByte(file, at, mask);
    },
  };
}

function contents(
  names: ReadonlyMap<string, SimulatedFile>,
  of: (file: SimulatedFile) => Uint8Array,
  prefix = "/",
): Map<string, Uint8Array> {
  return new Map(
    [...names]
      .filter(([path, file]) => !file.isDirectory && path.startsWith(prefix))
      .map(([path, file]) => [path, of(file)]),
  );
}
