// What storages are tested on: media that can be opened again, cut off, filled up and damaged. The
// suites speak to storages through the ports and to their media through this file, and know nothing
// else about either.
import type { LogStorage, SnapshotStorage } from "@raftkit/core";
import type { Target } from "../suite.js";

/**
 * What a medium can do for the suites beside making storages.
 *
 * - `persistent`: a storage made later on the medium finds what one that was closed has left.
 * - `exclusive`: while one storage has the medium open, another one can't open it.
 * - `kill`: the process can be ended between any two steps (`kill`, `setFault`).
 * - `powerCut`: the power can be cut between any two steps; what was not synced may be lost
 *   (`powerCut`, `setFault`).
 * - `failedSync`: syncs can be made to fail (`setFault`).
 * - `fullDisk`: writes can be made to fail for want of space (`setFault`).
 * - `damage`: the stored bytes can be read and replaced (`files`, `replaceFiles`).
 * - `handles`: what is held open can be counted (`openHandles`).
 */
export type StorageCapability =
  | "persistent"
  | "exclusive"
  | "kill"
  | "powerCut"
  | "failedSync"
  | "fullDisk"
  | "damage"
  | "handles";

/** One low-level operation on a medium: what can't be divided. */
export interface Step {
  /**
   * `write`: changes content. `sync`: makes content or names durable. `other`: everything else,
   * such as open, read, rename.
   */
  readonly kind: "write" | "sync" | "other";
}

/** What happens to a step instead. */
export type StepFault =
  /**
   * It fails with this code and has no effect. A failed sync leaves it open what of the data since
   * the last one is durable.
   */
  | { readonly type: "error"; readonly code: "EIO" | "ENOSPC" }
  /** The power goes before the step, or after its effect but before its answer. */
  | { readonly type: "powerCut"; readonly when: "before" | "after" };

/** Asked before each step. It may call `kill`: then the step has no effect. */
export type StepFaults = (step: Step) => StepFault | undefined;

/**
 * Where storages keep their data: a directory, a simulated disk, a database. Each method belongs to
 * a capability.
 */
export interface StorageMedium<Storage> {
  /**
   * A storage over this medium, as a process that starts makes one; not open yet. A storage in
   * memory is always the same object.
   */
  storage(): Storage;
  /**
   * Ends all processes that use the medium. What they wrote stays; what they still do has no
   * effect.
   */
  kill?(): void;
  /** The same, and any part of what was not synced is lost. */
  powerCut?(): void;
  /** Sets or removes what decides about faults from now on. */
  setFault?(faults: StepFaults | undefined): void;
  /** All stored bytes as a process would read them now, by name. They are the caller's. */
  files?(): ReadonlyMap<string, Uint8Array> | Promise<ReadonlyMap<string, Uint8Array>>;
  /** Makes these the stored bytes, durably. No storage is open. */
  replaceFiles?(files: ReadonlyMap<string, Uint8Array>): void | Promise<void>;
  /** How many files, locks, sockets and the like storages on this medium hold now. */
  openHandles?(): number | Promise<number>;
  /** Lets go of everything. All storages are closed or gone. */
  dispose?(): void | Promise<void>;
}

/** What a storage suite's cases get: as many media as they need, each empty. */
export interface StorageSubject<Storage> {
  /** @param seed decides what chance decides, such as what a power cut leaves. Default 1. */
  medium(seed?: number): Promise<Required<StorageMedium<Storage>>>;
  /** Closes what a failed case left open, and disposes of all media. */
  dispose(): Promise<void>;
}

export type LogSubject = StorageSubject<LogStorage>;
export type SnapshotSubject = StorageSubject<SnapshotStorage>;

export interface StorageTargetOptions<Storage> {
  /** How the report calls it. */
  readonly name: string;
  readonly capabilities: readonly StorageCapability[];
  /** Makes an empty medium. `seed` is for simulated ones, others need not look at it. */
  medium(seed: number): StorageMedium<Storage> | Promise<StorageMedium<Storage>>;
}

/**
 * A target for `logStorageSuite` or `snapshotStorageSuite`. Its name, its capabilities, and how a
 * medium is made: all that a suite needs to know.
 */
export function storageTarget<Storage extends { close(): Promise<void> }>(
  options: StorageTargetOptions<Storage>,
): Target<StorageSubject<Storage>> {
  return {
    name: options.name,
    capabilities: options.capabilities,
    create: (progress) => createSubject(options, progress),
    dispose: (subject) => subject.dispose(),
  };
}

function createSubject<Storage extends { close(): Promise<void> }>(
  options: StorageTargetOptions<Storage>,
  progress: () => void = () => {},
): StorageSubject<Storage> {
  const cleanups: (() => Promise<void>)[] = [];
  return {
    async medium(seed = 1) {
      const made = await options.medium(seed);
      let alive: Storage[] = [];
      const missing = (method: string) => (): never => {
        throw new Error(
          `the medium of ${options.name} has no ${method}(), but a declared capability needs it; add the method, or don't declare the capability`,
        );
      };
      const end = (what: "kill" | "powerCut") => (): void => {
        alive = [];
        if (made[what] === undefined) missing(what)();
        else made[what]();
      };
      cleanups.push(async () => {
        made.setFault?.(undefined);
        await Promise.allSettled(alive.map((storage) => storage.close()));
        await made.dispose?.();
      });
      return {
        storage() {
          const storage = watched(made.storage(), progress);
          alive.push(storage);
          return storage;
        },
        kill: end("kill"),
        powerCut: end("powerCut"),
        setFault(faults) {
          if (made.setFault === undefined) return missing("setFault")();
          made.setFault(
            faults &&
              ((step) => {
                const fault = faults(step);
                if (fault?.type === "powerCut") alive = [];
                return fault;
              }),
          );
        },
        files: made.files?.bind(made) ?? missing("files"),
        replaceFiles: made.replaceFiles?.bind(made) ?? missing("replaceFiles"),
        openHandles: made.openHandles?.bind(made) ?? missing("openHandles"),
        async dispose() {},
      };
    },
    async dispose() {
      for (const cleanup of cleanups.splice(0)) await cleanup();
    },
  };
}

/**
 * The same object, each of whose promises tells of progress when it ends; so of what `create` and
 * `openReader` give.
 */
function watched<Watched extends object>(object: Watched, progress: () => void): Watched {
  return new Proxy(object, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== "function") return member;
      return (...args: readonly unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, args);
        if (!(result instanceof Promise)) return result;
        result.then(progress, progress);
        if (key !== "create" && key !== "openReader") return result;
        return result.then((made: object) => watched(made, progress));
      };
    },
  });
}
