// The smallest disk on which a storage can be right or wrong: named files, changed in one step
// each, and a sync that makes one file durable. A power cut leaves of what was not synced any part,
// piece by piece. For the suites' own tests.
import { RaftkitError } from "@raftkit/core";
import { createChance } from "../../src/random.js";
import type { Step, StepFaults } from "../../src/storage/medium.js";

const PIECE_BYTES = 16;

/** The disk as one process sees it. Every method is one step. */
export interface ToyProcess {
  read(name: string): Promise<Uint8Array | undefined>;
  list(): Promise<readonly string[]>;
  /** Creates the file where there is none; its name is durable with its first sync. */
  write(name: string, at: number, bytes: Uint8Array): Promise<void>;
  /** The same, durable at once: these bytes, none that were written before. */
  writeThrough(name: string, at: number, bytes: Uint8Array): Promise<void>;
  /** Cuts the file off. */
  truncate(name: string, length: number): Promise<void>;
  /** Durable at once. */
  remove(name: string): Promise<void>;
  sync(name: string): Promise<void>;
  /** Counts as an open handle until it is released. */
  hold(): () => void;
  /** Until it is released, nobody else gets it. @returns undefined when somebody has it */
  lock(): Promise<(() => void) | undefined>;
  /** What processes leave in memory: it outlives them, and goes with the power. */
  readonly inMemory: Set<string>;
}

interface ToyFile {
  current: Uint8Array;
  durable: Uint8Array | undefined;
  /**
   * Since the last sync, oldest first: bytes that were written somewhere, or the length that was
   * left.
   */
  pending: ({ readonly at: number; readonly bytes: Uint8Array } | { readonly length: number })[];
}

export interface ToyDisk {
  boot(): ToyProcess;
  kill(): void;
  powerCut(): void;
  setFault(faults: StepFaults | undefined): void;
  files(): ReadonlyMap<string, Uint8Array>;
  replaceFiles(files: ReadonlyMap<string, Uint8Array>): void;
  openHandles(): number;
}

/**
 * A lock that nothing but its release and the end of the power takes away: a file in /run, a shared
 * memory segment.
 */
export async function lockInMemory({ inMemory }: ToyProcess): Promise<() => void> {
  if (inMemory.has("lock")) {
    throw new RaftkitError("TOY_IN_USE", "it is open already; close it first");
  }
  inMemory.add("lock");
  return () => void inMemory.delete("lock");
}

export function createToyDisk(seed: number): ToyDisk {
  const random = createChance(seed).next;
  const files = new Map<string, ToyFile>();
  let faults: StepFaults | undefined;
  let alive = { isAlive: true };
  let lock: object | undefined;
  const handles = new Set<object>();
  const inMemory = new Set<string>();

  function kill(): void {
    alive.isAlive = false;
    alive = { isAlive: true };
    lock = undefined;
    handles.clear();
  }
  function powerCut(): void {
    kill();
    inMemory.clear();
    const chance = [0, 0.5, 1][Math.floor(random() * 3)] ?? 0;
    for (const [name, file] of files) {
      for (const change of file.pending) {
        file.durable = survived(change, file.durable, () => random() < chance);
      }
      file.pending = [];
      if (file.durable === undefined) files.delete(name);
      else file.current = file.durable.slice();
    }
  }
  async function step<Result>(
    process: { isAlive: boolean },
    kind: Step["kind"],
    effect: () => Result,
    onError?: () => void,
  ): Promise<Result> {
    await Promise.resolve();
    if (!process.isAlive) throw new Error("the process is gone");
    const fault = faults?.({ kind });
    if (fault?.type === "error") {
      onError?.();
      throw Object.assign(new Error(fault.code), { code: fault.code });
    }
    if (fault?.when === "before") powerCut();
    if (!process.isAlive) throw new Error("the process is gone");
    const result = effect();
    if (fault?.when === "after") powerCut();
    await Promise.resolve();
    if (!process.isAlive) throw new Error("the process is gone");
    return result;
  }
  function fileOf(name: string): ToyFile {
    const file = files.get(name) ?? { current: new Uint8Array(), durable: undefined, pending: [] };
    files.set(name, file);
    return file;
  }

  return {
    boot() {
      const process = alive;
      return {
        read: (name) => step(process, "other", () => files.get(name)?.current.slice()),
        list: () => step(process, "other", () => [...files.keys()]),
        write: (name, at, bytes) =>
          step(process, "write", () => {
            const file = fileOf(name);
            const change = { at, bytes: bytes.slice() };
            file.current = changed(file.current, change);
            file.pending.push(change);
          }),
        writeThrough: (name, at, bytes) =>
          step(process, "write", () => {
            const file = fileOf(name);
            file.current = changed(file.current, { at, bytes });
            file.durable = changed(file.durable ?? new Uint8Array(), { at, bytes });
          }),
        truncate: (name, length) =>
          step(process, "write", () => {
            const file = fileOf(name);
            file.current = changed(file.current, { length });
            file.pending.push({ length });
          }),
        remove: (name) => step(process, "other", () => void files.delete(name)),
        sync: (name) =>
          step(
            process,
            "sync",
            () => {
              const file = fileOf(name);
              for (const change of file.pending) {
                file.durable = changed(file.durable ?? new Uint8Array(), change);
              }
              file.durable ??= new Uint8Array();
              file.pending = [];
            },
            () => (fileOf(name).pending = []),
          ),
        hold() {
          const handle = {};
          handles.add(handle);
          return () => void handles.delete(handle);
        },
        lock: () =>
          step(process, "other", () => {
            if (lock !== undefined) return undefined;
            const mine = (lock = {});
            return () => {
              if (lock === mine) lock = undefined;
            };
          }),
        inMemory,
      };
    },
    kill,
    powerCut,
    setFault: (next) => void (faults = next),
    files: () => new Map([...files].map(([name, { current }]) => [name, current.slice()])),
    replaceFiles(next) {
      files.clear();
      for (const [name, content] of next) {
        files.set(name, { current: content.slice(), durable: content.slice(), pending: [] });
      }
    },
    openHandles: () => handles.size + (lock === undefined ? 0 : 1),
  };
}

type Change = ToyFile["pending"][number];

function changed(content: Uint8Array, change: Change): Uint8Array {
  if ("length" in change) return content.slice(0, change.length);
  const { at, bytes } = change;
  const result = new Uint8Array(Math.max(content.length, at + bytes.length));
  result.set(content);
  result.set(bytes, at);
  return result;
}

/** What a power cut leaves of a change: each piece of it, or not. */
function survived(
  change: Change,
  content: Uint8Array | undefined,
  keep: () => boolean,
): Uint8Array | undefined {
  if ("length" in change) {
    return keep() && content !== undefined ? changed(content, change) : content;
  }
  const pieces: Change[] = [];
  for (let from = 0; from < change.bytes.length; from += PIECE_BYTES) {
    if (keep()) {
      pieces.push({ at: change.at + from, bytes: change.bytes.subarray(from, from + PIECE_BYTES) });
    }
  }
  const last = pieces.at(-1);
  if (last === undefined || "length" in last) return content;
  const result = new Uint8Array(Math.max(content?.length ?? 0, last.at + last.bytes.length));
  result.set(content ?? []);
  for (const piece of pieces) if ("at" in piece) result.set(piece.bytes, piece.at);
  return result;
}
