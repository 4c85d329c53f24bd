// A disk in memory that forgets what a disk may forget. It keeps what is durable apart from what was only written, and a
// power cut leaves of the latter any part, sector by sector and name by name, in any order. Deterministic for a given
// `random`; it never waits unless `delay` or `answer` does.
import type { FileHandle, FileSystem } from "./file-system.js";
import type { SimulatedFile } from "./simulated-file.js";
import { createFile, dropCache, flipByte, settleFile, syncFile, unsyncedSectors, view, writeTo } from "./simulated-file.js";
import type { SimulatedNames } from "./simulated-names.js";
import { createNames, hasAncestors, parentOf } from "./simulated-names.js";

export interface Operation {
  readonly type: "open" | "create" | "read" | "write" | "datasync" | "size" | "close" | "rename" | "unlink" | "list" | "syncDirectory" | "makeDirectory" | "restrictDirectory" | "lock" | "unlock";
  /** For a file that is open: the name that it has now, not the one under which it was opened. */
  readonly path: string;
  /** Counts all operations of the disk, from 1. */
  readonly number: number;
}

export type Fault =
  /** The operation rejects with this code and has no effect; a `datasync` loses what it should have made durable, as real ones do. */
  | { readonly type: "error"; readonly code: string }
  /** A write or read does only so many bytes. */
  | { readonly type: "short"; readonly bytes: number }
  /** The machine loses power before the operation, or after its effect but before its answer. */
  | { readonly type: "powerCut"; readonly when: "before" | "after" };

/**
 * What a power cut leaves of what was not synced. `prefix`: the oldest writes, up to a sector in their midst (a torn
 * write). `any`: each sector and each name by chance. `reordered`: the same, but if there are two or more, some later one
 * is there and some earlier one is not.
 */
export type Survival = "nothing" | "everything" | "prefix" | "any" | "reordered";

/** What was not synced when the power went, and what is gone of it. */
export interface Loss {
  readonly unsyncedSectors: number;
  readonly lostSectors: number;
  /** A sector survived that was written after one that is gone. */
  readonly reordered: boolean;
  readonly unsyncedNames: number;
  readonly lostNames: number;
}

/** How long a process waits for the disk. */
export interface DiskTiming {
  /** Awaited before each operation takes effect: simulated latency. */
  readonly delay?: (operation: Operation) => Promise<void> | undefined;
  /**
   * Awaited between an operation's effect, or its failure, and its answer to the process: a crash there leaves an effect
   * that nobody was told of. For a process that is gone it may wait for ever.
   */
  readonly answer?: (operation: Operation) => Promise<void> | undefined;
}

export interface SimulatedDiskOptions extends DiskTiming {
  /** Uniform in [0, 1): decides what survives. */
  readonly random: () => number;
  /** Asked before each operation of a process that lives. */
  readonly fault?: (operation: Operation) => Fault | undefined;
  /** Told of each operation that took effect or failed (with the error), before its answer. */
  readonly onOutcome?: (operation: Operation, error?: unknown) => void;
  /** Writes that would exceed it fail with ENOSPC, having done what fits. */
  readonly capacityBytes?: number;
}

export interface SimulatedDisk {
  /** The file system as one process sees it, until that process or the power is gone. `timing` instead of that of the options. */
  boot(timing?: DiskTiming): FileSystem;
  /** Ends the processes; what they wrote stays. */
  kill(): void;
  /** Ends the processes and loses any part of what was not synced; drawn where `survival` is not given. */
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
  /** Content as after a power cut that takes all that was not synced, by path. */
  durableFiles(): Map<string, Uint8Array>;
  /** Replaces a file, durably: bit rot, or an operator's mistake. Undefined removes it. */
  tamper(path: string, content: Uint8Array | undefined): void;
  /** Bit rot: inverts the bits of `mask` in one byte, durably. @returns false when the file is missing or shorter */
  flip(path: string, at: number, mask: number): boolean;
}

interface Process extends DiskTiming {
  alive: boolean;
}

export function createSimulatedDisk(options: SimulatedDiskOptions): SimulatedDisk {
  const { random, onOutcome } = options;
  let { fault, capacityBytes = Infinity } = options;
  let operations = 0;
  const names = createNames();
  const locks = new Map<string, Process>();
  let processes: Process[] = [];

  function kill(): void {
    for (const process of processes) process.alive = false;
    processes = [];
    locks.clear();
  }
  function powerCut(survival?: Survival): Loss {
    kill();
    const style = survival ?? drawn(random);
    const tally = { unsyncedSectors: 0, lostSectors: 0, reordered: false, unsyncedNames: names.unsynced, lostNames: 0 };
    const keepName = chooser(style, random, names.unsynced);
    names.settle(() => {
      const kept = keepName();
      if (!kept) tally.lostNames++;
      return kept;
    });
    for (const file of names.current.values()) {
      loseUnsynced(file, style, tally);
      dropCache(file);
    }
    return tally;
  }
  function loseUnsynced(file: SimulatedFile, style: Survival, tally: { unsyncedSectors: number; lostSectors: number; reordered: boolean }): void {
    if (file.pending.length === 0) return;
    const keep = chooser(style, random, unsyncedSectors(file));
    let lost = 0;
    settleFile(file, () => {
      const kept = keep();
      tally.unsyncedSectors++;
      if (!kept) lost++;
      else if (lost > 0) tally.reordered = true;
      return kept;
    });
    tally.lostSectors += lost;
  }
  /** A sync that failed: some of it is durable, nobody knows what, and the rest will never be. It may even read as it was before. */
  function failSync(file: SimulatedFile): void {
    loseUnsynced(file, drawn(random), { unsyncedSectors: 0, lostSectors: 0, reordered: false });
    if (random() < 0.5) dropCache(file);
  }
  function usedBytes(): number {
    let sum = 0;
    for (const file of names.current.values()) sum += file.current.size;
    return sum;
  }

  /** Counts, delays and fails one operation of a process; then does it. */
  async function operate<Result>(process: Process, type: Operation["type"], target: string | SimulatedFile, effect: (shortBytes: number) => Result, onError?: () => void): Promise<Result> {
    const operation = { type, path: typeof target === "string" ? target : target.path, number: ++operations };
    const waiting = process.delay?.(operation);
    if (waiting !== undefined) await waiting;
    const outcome = process.alive ? attempt(process, operation, effect, onError) : gone();
    const answering = process.answer?.(operation);
    if (answering !== undefined) await answering;
    if ("error" in outcome) throw outcome.error;
    if (!process.alive) throw gone().error;
    return outcome.result;
  }

  function attempt<Result>(process: Process, operation: Operation, effect: (shortBytes: number) => Result, onError: (() => void) | undefined): { readonly result: Result } | { readonly error: unknown } {
    const planned = fault?.(operation);
    if (planned?.type === "powerCut" && planned.when === "before") powerCut();
    if (!process.alive) return gone();
    try {
      if (planned?.type === "error") {
        onError?.();
        throw failure(planned.code, `${operation.type} ${operation.path}`);
      }
      const result = effect(planned?.type === "short" ? Math.max(1, planned.bytes) : Infinity);
      onOutcome?.(operation);
      if (planned?.type === "powerCut") powerCut();
      return { result };
    } catch (error) {
      onOutcome?.(operation, error);
      return { error };
    }
  }

  function handle(process: Process, file: SimulatedFile): FileHandle {
    return {
      read: (into, position) => operate(process, "read", file, (shortBytes) => {
        const bytes = view(file.current).subarray(position, position + Math.min(into.length, shortBytes));
        into.set(bytes);
        return bytes.length;
      }),
      write: (parts, position) => operate(process, "write", file, (shortBytes) => {
        const whole = Buffer.concat(parts);
        const growth = position + whole.length - file.current.size;
        const missing = growth > 0 && capacityBytes < Infinity ? Math.max(0, Math.min(growth, usedBytes() + growth - capacityBytes)) : 0;
        const bytes = whole.subarray(0, Math.min(whole.length - missing, shortBytes));
        if (bytes.length === 0 && whole.length > 0) throw failure("ENOSPC", file.path);
        writeTo(file, position, bytes);
        return bytes.length;
      }),
      datasync: () => operate(process, "datasync", file, () => syncFile(file), () => failSync(file)),
      size: () => operate(process, "size", file, () => file.current.size),
      close: () => operate(process, "close", file, () => {}),
    };
  }

  function boot({ delay, answer }: DiskTiming = options): FileSystem {
    const process: Process = { alive: true, ...(delay && { delay }), ...(answer && { answer }) };
    processes.push(process);
    const lock = (directory: string): (() => Promise<void>) | undefined => {
      if (locks.has(directory)) return undefined;
      locks.set(directory, process);
      return () => operate(process, "unlock", directory, () => void locks.delete(directory));
    };
    return fileSystemOver(names, (type, path, effect) => operate(process, type, path, effect), (file) => handle(process, file), lock);
  }

  return {
    boot,
    kill,
    powerCut,
    get operations() {
      return operations;
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
    durableFiles: () => contents(names.durable, ({ durable }) => view(durable).slice()),
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

/** What the operations on names mean; `operate` carries them out in time. */
function fileSystemOver(names: SimulatedNames, operate: <Result>(type: Operation["type"], path: string, effect: () => Result) => Promise<Result>, handle: (file: SimulatedFile) => FileHandle, lock: (directory: string) => (() => Promise<void>) | undefined): FileSystem {
  const create = (path: string, isDirectory: boolean): void => {
    if (!hasAncestors(names.current, path)) throw failure("ENOENT", path);
    names.change(parentOf(path), [], new Map([[path, createFile(isDirectory, path)]]));
  };
  return {
    open: (path, mode) => operate(mode === "create" ? "create" : "open", path, () => {
      if (mode === "create") {
        if (names.current.has(path)) throw failure("EEXIST", path);
        create(path, false);
      }
      return handle(find(names, path));
    }),
    rename: (from, to) => operate("rename", from, () => names.change(parentOf(from), [from], new Map([[to, find(names, from)]]))),
    unlink: (path) => operate("unlink", path, () => {
      find(names, path);
      names.change(parentOf(path), [path], new Map());
    }),
    list: (directory) => operate("list", directory, () => {
      if (directory !== "/") find(names, directory);
      return [...names.current.keys()].filter((path) => path !== directory && parentOf(path) === directory).map((path) => path.slice(path.lastIndexOf("/") + 1));
    }),
    syncDirectory: (directory) => operate("syncDirectory", directory, () => names.sync(directory)),
    makeDirectory: (directory) => operate("makeDirectory", directory, () => {
      if (directory === "/" || names.current.has(directory)) return false;
      create(directory, true);
      return true;
    }),
    restrictDirectory: (directory) => operate("restrictDirectory", directory, () => {}),
    lock: (directory) => operate("lock", directory, () => lock(directory)),
  };
}

function find(names: SimulatedNames, path: string): SimulatedFile {
  const file = names.current.get(path);
  if (file === undefined) throw failure("ENOENT", path);
  return file;
}

function drawn(random: () => number): Survival {
  const styles = ["nothing", "everything", "prefix", "any"] as const;
  return styles[Math.floor(random() * styles.length)] ?? "nothing";
}

/** @returns says of one after another of `count` things whether it survives; a prefix is a real one where it can be */
function chooser(style: Survival, random: () => number, count: number): () => boolean {
  let at = -1;
  switch (style) {
    case "nothing":
      return () => false;
    case "everything":
      return () => true;
    case "prefix": {
      const end = 1 + Math.floor(random() * Math.max(1, count - 1));
      return () => ++at < end;
    }
    case "any":
      return () => random() < 0.5;
    case "reordered": {
      const lost = Math.floor(random() * (count - 1));
      const kept = lost + 1 + Math.floor(random() * (count - 1 - lost));
      return () => ++at === kept || (random() < 0.5 && at !== lost);
    }
  }
}

function contents(names: ReadonlyMap<string, SimulatedFile>, of: (file: SimulatedFile) => Uint8Array): Map<string, Uint8Array> {
  return new Map([...names].filter(([, file]) => !file.isDirectory).map(([path, file]) => [path, of(file)]));
}

function gone(): { readonly error: Error } {
  return { error: new Error("the process is gone, or the power") };
}

function failure(code: string, what: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
