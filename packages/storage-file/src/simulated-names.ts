// The names on the simulated disk: which files a process finds, and which it would find after a
// power cut. A change of names is durable once its directory was synced; until then a power cut may
// undo it, whole.
import type { SimulatedFile } from "./simulated-file.js";
import { createFile } from "./simulated-file.js";

export interface SimulatedNames {
  /** As processes see them. */
  readonly current: ReadonlyMap<string, SimulatedFile>;
  readonly durable: ReadonlyMap<string, SimulatedFile>;
  /** Changes that were not synced. */
  readonly unsynced: number;
  change(
    directory: string,
    gone: readonly string[],
    come: ReadonlyMap<string, SimulatedFile>,
  ): void;
  sync(directory: string): void;
  /** The changes that are not synced become durable or are undone, as `keep` says. */
  settle(keep: () => boolean): void;
  /** Sets a name durably, with the directories above it. Undefined removes it. */
  plant(path: string, file: SimulatedFile | undefined): void;
}

/** Names that go and names that come, together or not at all. */
interface NameChange {
  readonly directory: string;
  readonly gone: readonly string[];
  readonly come: ReadonlyMap<string, SimulatedFile>;
}

export function createNames(): SimulatedNames {
  let current = new Map<string, SimulatedFile>();
  const durable = new Map<string, SimulatedFile>();
  let pending: NameChange[] = [];
  return {
    get current() {
      return current;
    },
    durable,
    get unsynced() {
      return pending.length;
    },
    change(directory, gone, come) {
      const change = { directory, gone, come };
      apply(current, change);
      for (const [path, file] of come) file.path = path;
      pending.push(change);
    },
    sync(directory) {
      for (const change of pending) if (change.directory === directory) apply(durable, change);
      pending = pending.filter((change) => change.directory !== directory);
    },
    settle(keep) {
      for (const change of pending) if (keep()) apply(durable, change);
      pending = [];
      for (const path of durable.keys()) if (!hasAncestors(durable, path)) durable.delete(path);
      current = new Map(durable);
      for (const [path, file] of current) file.path = path;
    },
    plant(path, file) {
      for (const map of [current, durable]) {
        if (file === undefined) {
          map.delete(path);
          continue;
        }
        for (let at = parentOf(path); at !== "/"; at = parentOf(at)) {
          if (!map.has(at)) map.set(at, createFile(true, at));
        }
        map.set(path, file);
      }
    },
  };
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

export function hasAncestors(names: ReadonlyMap<string, SimulatedFile>, path: string): boolean {
  for (let at = parentOf(path); at !== "/"; at = parentOf(at)) if (!names.has(at)) return false;
  return true;
}

function apply(names: Map<string, SimulatedFile>, { gone, come }: NameChange): void {
  for (const path of gone) names.delete(path);
  for (const [path, file] of come) names.set(path, file);
}
