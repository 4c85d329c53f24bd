// A disk in memory that forgets what a disk may forget. It keeps what is durable apart from what was only written, and a
// power cut leaves of the latter any part, sector by sector and name by name, in any order. Deterministic for a given
// `random`; it never waits unless `delay` does.
import type { FileHandle, FileSystem } from "./file-system.js";

export interface Operation {
  readonly type: "open" | "create" | "read" | "write" | "datasync" | "size" | "close" | "rename" | "unlink" | "list" | "syncDirectory" | "makeDirectory" | "restrictDirectory" | "lock" | "unlock";
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

export interface SimulatedDiskOptions {
  /** Uniform in [0, 1): decides what survives. */
  readonly random: () => number;
  /** Asked before each operation. */
  readonly fault?: (operation: Operation) => Fault | undefined;
  /** Awaited before each operation takes effect: simulated latency. */
  readonly delay?: (operation: Operation) => Promise<void>;
  /** Writes that would exceed it fail with ENOSPC, having done what fits. */
  readonly capacityBytes?: number;
}

export interface SimulatedDisk {
  /** The file system as one process sees it, until that process or the power is gone. */
  boot(): FileSystem;
  /** Ends the processes; what they wrote stays. */
  kill(): void;
  /** Ends the processes and loses any part of what was not synced. */
  powerCut(): void;
  /** How many operations there were. */
  readonly operations: number;
  setFault(fault: ((operation: Operation) => Fault | undefined) | undefined): void;
  /** Content as a process would read it, by path. */
  files(): Map<string, Uint8Array>;
  /** Replaces a file, durably: bit rot, or an operator's mistake. Undefined removes it. */
  tamper(path: string, content: Uint8Array | undefined): void;
}

const SECTOR_BYTES = 512;

interface Inode {
  readonly isDirectory: boolean;
  current: Uint8Array;
  durable: Uint8Array;
  /** Written since the last sync, oldest first. */
  pending: { readonly at: number; readonly bytes: Uint8Array }[];
}
/** A change of a directory that was not synced: names that go and names that come, together or not at all. */
interface NameChange {
  readonly directory: string;
  readonly gone: readonly string[];
  readonly come: ReadonlyMap<string, Inode>;
}
interface Process {
  alive: boolean;
}

export function createSimulatedDisk(options: SimulatedDiskOptions): SimulatedDisk {
  const { random, delay, capacityBytes = Infinity } = options;
  let { fault } = options;
  let operations = 0;
  let names = new Map<string, Inode>();
  let durableNames = new Map<string, Inode>();
  let pendingNames: NameChange[] = [];
  const locks = new Map<string, Process>();
  let processes: Process[] = [];

  function changeNames(directory: string, gone: readonly string[], come: ReadonlyMap<string, Inode>): void {
    const change = { directory, gone, come };
    applyNames(names, change);
    pendingNames.push(change);
  }
  function kill(): void {
    for (const process of processes) process.alive = false;
    processes = [];
    locks.clear();
  }
  function powerCut(): void {
    kill();
    const keep = survival(random);
    for (const change of pendingNames) if (keep()) applyNames(durableNames, change);
    pendingNames = [];
    for (const path of durableNames.keys()) if (!hasAncestors(durableNames, path)) durableNames.delete(path);
    names = new Map(durableNames);
    for (const inode of new Set(names.values())) {
      const keepSector = survival(random);
      for (const { at, bytes } of inode.pending) {
        for (const [from, to] of sectors(at, bytes.length)) if (keepSector()) inode.durable = overwritten(inode.durable, from, bytes.subarray(from - at, to - at));
      }
      inode.pending = [];
      inode.current = inode.durable.slice();
    }
  }
  function usedBytes(): number {
    let sum = 0;
    for (const inode of names.values()) sum += inode.current.length;
    return sum;
  }

  /** Counts, delays and fails one operation of a process; then does it. */
  async function operate<Result>(process: Process, type: Operation["type"], path: string, effect: (shortBytes: number) => Result, onError?: () => void): Promise<Result> {
    const operation = { type, path, number: ++operations };
    await delay?.(operation);
    if (!process.alive) throw new Error("the process is gone");
    const planned = fault?.(operation);
    if (planned?.type === "error") {
      onError?.();
      throw failure(planned.code, `${type} ${path}`);
    }
    if (planned?.type === "powerCut" && planned.when === "before") powerCut();
    if (!process.alive) throw new Error("the power is gone");
    const result = effect(planned?.type === "short" ? Math.max(1, planned.bytes) : Infinity);
    if (planned?.type === "powerCut") powerCut();
    await Promise.resolve();
    if (!process.alive) throw new Error("the power is gone");
    return result;
  }

  function find(path: string): Inode {
    const inode = names.get(path);
    if (inode === undefined) throw failure("ENOENT", path);
    return inode;
  }

  function handle(process: Process, path: string, inode: Inode): FileHandle {
    return {
      read: (into, position) => operate(process, "read", path, (shortBytes) => {
        const bytes = inode.current.subarray(position, position + Math.min(into.length, shortBytes));
        into.set(bytes);
        return bytes.length;
      }),
      write: (parts, position) => operate(process, "write", path, (shortBytes) => {
        const whole = Buffer.concat(parts);
        const growth = Math.max(0, position + whole.length - inode.current.length);
        const missing = Math.max(0, usedBytes() + growth - capacityBytes);
        const bytes = whole.subarray(0, Math.min(whole.length - missing, shortBytes));
        if (bytes.length === 0 && whole.length > 0) throw failure("ENOSPC", path);
        inode.current = overwritten(inode.current, position, bytes);
        inode.pending.push({ at: position, bytes });
        return bytes.length;
      }),
      datasync: () => operate(process, "datasync", path, () => {
        for (const { at, bytes } of inode.pending) inode.durable = overwritten(inode.durable, at, bytes);
        inode.pending = [];
      }, () => (inode.pending = [])),
      size: () => operate(process, "size", path, () => inode.current.length),
      close: () => operate(process, "close", path, () => {}),
    };
  }

  function boot(): FileSystem {
    const process: Process = { alive: true };
    processes.push(process);
    return {
      open: (path, mode) => operate(process, mode === "create" ? "create" : "open", path, () => {
        if (mode === "create") {
          if (names.has(path)) throw failure("EEXIST", path);
          if (!hasAncestors(names, path)) throw failure("ENOENT", path);
          changeNames(parentOf(path), [], new Map([[path, newInode(false)]]));
        }
        return handle(process, path, find(path));
      }),
      rename: (from, to) => operate(process, "rename", from, () => changeNames(parentOf(from), [from], new Map([[to, find(from)]]))),
      unlink: (path) => operate(process, "unlink", path, () => {
        find(path);
        changeNames(parentOf(path), [path], new Map());
      }),
      list: (directory) => operate(process, "list", directory, () => {
        if (directory !== "/") find(directory);
        return [...names.keys()].filter((path) => path !== directory && parentOf(path) === directory).map((path) => path.slice(path.lastIndexOf("/") + 1));
      }),
      syncDirectory: (directory) => operate(process, "syncDirectory", directory, () => {
        for (const change of pendingNames) if (change.directory === directory) applyNames(durableNames, change);
        pendingNames = pendingNames.filter((change) => change.directory !== directory);
      }),
      makeDirectory: (directory) => operate(process, "makeDirectory", directory, () => {
        if (directory === "/" || names.has(directory)) return false;
        if (!hasAncestors(names, directory)) throw failure("ENOENT", directory);
        changeNames(parentOf(directory), [], new Map([[directory, newInode(true)]]));
        return true;
      }),
      restrictDirectory: (directory) => operate(process, "restrictDirectory", directory, () => {}),
      lock: (directory) => operate(process, "lock", directory, () => {
        if (locks.has(directory)) return undefined;
        locks.set(directory, process);
        return () => operate(process, "unlock", directory, () => void locks.delete(directory));
      }),
    };
  }

  return {
    boot,
    kill,
    powerCut,
    get operations() {
      return operations;
    },
    setFault: (next) => void (fault = next),
    files: () => new Map([...names].filter(([, inode]) => !inode.isDirectory).map(([path, inode]) => [path, inode.current.slice()])),
    tamper(path, content) {
      if (content === undefined) for (const map of [names, durableNames]) map.delete(path);
      else {
        const inode = { ...newInode(false), current: content.slice(), durable: content.slice() };
        for (let at = parentOf(path); at !== "/"; at = parentOf(at)) for (const map of [names, durableNames]) if (!map.has(at)) map.set(at, newInode(true));
        for (const map of [names, durableNames]) map.set(path, inode);
      }
    },
  };
}

/** What a power cut keeps differs in style from cut to cut: nothing, everything, the older part, or a random half. */
function survival(random: () => number): () => boolean {
  const style = Math.floor(random() * 4);
  let isCut = false;
  switch (style) {
    case 0:
      return () => false;
    case 1:
      return () => true;
    case 2:
      return () => !(isCut ||= random() < 0.2);
    default:
      return () => random() < 0.5;
  }
}

function* sectors(at: number, length: number): Generator<[number, number]> {
  for (let from = at; from < at + length;) {
    const to = Math.min(at + length, (Math.floor(from / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    yield [from, to];
    from = to;
  }
}

function overwritten(content: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
  let result = content;
  if (at + bytes.length > content.length) {
    result = new Uint8Array(at + bytes.length);
    result.set(content);
  }
  result.set(bytes, at);
  return result;
}

function applyNames(names: Map<string, Inode>, { gone, come }: NameChange): void {
  for (const path of gone) names.delete(path);
  for (const [path, inode] of come) names.set(path, inode);
}

function newInode(isDirectory: boolean): Inode {
  return { isDirectory, current: new Uint8Array(), durable: new Uint8Array(), pending: [] };
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function hasAncestors(names: ReadonlyMap<string, Inode>, path: string): boolean {
  for (let at = parentOf(path); at !== "/"; at = parentOf(at)) if (!names.has(at)) return false;
  return true;
}

function failure(code: string, what: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
