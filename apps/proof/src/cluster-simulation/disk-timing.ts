// How long a simulated computer's disk takes, and when it hangs. The disk works on, whatever the
// process does; only the answer waits for the process.
import type { Operation, SimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import type { SeededRandom, VirtualProcess, VirtualTime } from "@raftkit/simulation";
import { isSnapshotPath } from "./snapshot-files.js";

/** How long operations take, in ms; others are served from memory. */
const usualMs: Partial<Record<Operation["type"], { readonly min: number; readonly max: number }>> =
  {
    datasync: { min: 0.2, max: 1 },
    syncDirectory: { min: 0.2, max: 1 },
    create: { min: 0.02, max: 0.1 },
    rename: { min: 0.02, max: 0.1 },
    unlink: { min: 0.02, max: 0.1 },
  };

/** Of what belongs to a process that stopped. */
export const never: Promise<void> = new Promise(() => undefined);

/** What is wrong with an operation's time: with the disk's, or with that of snapshots alone. */
export type HeldUp = "slowDisk" | "hungDisk" | "slowSnapshots";

export interface DiskTiming {
  /** How many times slower than usual it is. */
  setSlowness(factor: number): void;
  readonly isSlow: boolean;
  /** So much longer take operations on files of snapshots. ms */
  setSnapshotDelay(ms: number): void;
  /** Nothing ends any more until `resume`. */
  hang(): void;
  resume(): void;
  /** What the disk is given for one run of the node. */
  of(process: VirtualProcess): NonNullable<Parameters<SimulatedDisk["boot"]>[0]>;
}

/**
 * @param snapshotMs up to so long takes each operation on a file of snapshots
 * @param disturbed told when an operation was held up
 */
export function createDiskTiming(
  time: VirtualTime,
  random: SeededRandom,
  snapshotMs: number,
  disturbed: (how: HeldUp, path: string) => void,
): DiskTiming {
  let slowness = 1;
  let snapshotDelayMs = 0;
  let hung: (() => void)[] | undefined;
  return {
    setSlowness(factor) {
      slowness = factor;
    },
    get isSlow() {
      return slowness > 1 || hung !== undefined;
    },
    setSnapshotDelay(ms) {
      snapshotDelayMs = ms;
    },
    hang() {
      hung ??= [];
    },
    resume() {
      const waiting = hung ?? [];
      hung = undefined;
      for (const start of waiting) start();
    },
    of(process) {
      const answerAt = new Map<number, number>();
      return {
        delay({ type, number, path }) {
          if (process.stopped) return never;
          const ofSnapshot = isSnapshotPath(path) ? snapshotMs + snapshotDelayMs : 0;
          const usual =
            usualMs[type] ??
            (slowness > 1 || ofSnapshot > 0 ? { min: 0.02, max: 0.05 } : undefined);
          if (usual === undefined) return undefined;
          return new Promise((resolve) => {
            const start = (): void => {
              const moreMs = ofSnapshot > 0 ? random.next() * snapshotMs + snapshotDelayMs : 0;
              const doneAt = time.now() + random.between(usual.min, usual.max) * slowness + moreMs;
              if (slowness > 1) disturbed("slowDisk", path);
              if (ofSnapshot > snapshotMs) disturbed("slowSnapshots", path);
              // Mostly the program hears of it at once, which costs one event; a crash in between
              // leaves an effect that nobody was told of.
              if (random.chance(0.7)) {
                process.post(doneAt, resolve);
                return;
              }
              answerAt.set(number, doneAt);
              time.at(random.between(time.now(), doneAt), resolve);
            };
            if (hung === undefined) start();
            else {
              hung.push(start);
              disturbed("hungDisk", path);
            }
          });
        },
        answer({ number }) {
          if (process.stopped) return never;
          const at = answerAt.get(number);
          if (at === undefined) return undefined;
          answerAt.delete(number);
          return new Promise((resolve) => process.post(at, resolve));
        },
      };
    },
  };
}
