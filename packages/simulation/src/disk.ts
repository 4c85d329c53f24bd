// A simulated disk for any log storage that lives in memory: writes take simulated time, can hang,
// and a crash loses those that had not reached the disk. A completed write is never lost here.
import type { HardState, Index, LogOperation, LogStorage } from "@raftkit/core";
import type { VirtualTime } from "./clock.js";
import type { VirtualProcess } from "./virtual-process.js";
import type { SeededRandom } from "./random.js";

export interface DiskSettings {
  /** How long opening and each write take. */
  readonly latencyMs: { readonly min: number; readonly max: number };
}

export interface VirtualDisk {
  /**
   * The storage for one run of the node: once the process stopped, nothing of it reaches the disk
   * any more.
   */
  attach(process: VirtualProcess): LogStorage;
  /** Writes from now on take this long. */
  set(settings: Partial<DiskSettings>): void;
  /** No write ends any more until `resume`. */
  hang(): void;
  resume(): void;
  /** Writes that reached the disk. */
  readonly writes: number;
  /**
   * Whether a write was ever begun while another one of the same run was under way, which no node
   * may do.
   */
  readonly overlapped: boolean;
  /** What is on the disk. */
  readonly hardState: HardState;
  readonly lastIndex: Index;
  /** Changes what is on the disk while no node runs on it: it must have been opened once. */
  plant(operations: readonly LogOperation[]): Promise<void>;
  /** Called when a write reached the disk. */
  onWrite(listener: (operations: readonly LogOperation[]) => void): void;
}

/** @param inner keeps what is durable; it is opened again for each run */
export function createVirtualDisk(
  time: VirtualTime,
  random: SeededRandom,
  inner: LogStorage,
  initial: DiskSettings,
): VirtualDisk {
  const listeners: ((operations: readonly LogOperation[]) => void)[] = [];
  let settings = initial;
  let hung: (() => void)[] | undefined;
  let writes = 0;
  let overlapped = false;
  let hardState: HardState = { currentTerm: 0, votedFor: null };
  let lastIndex: Index = 0;

  function note(operations: readonly LogOperation[]): void {
    writes++;
    for (const operation of operations) {
      if (operation.type === "hardState") hardState = operation.hardState;
      else if (operation.type === "append") {
        lastIndex = operation.run.firstIndex + operation.run.count - 1;
      } else if (operation.type === "truncateFrom") lastIndex = operation.index - 1;
      else if (operation.type === "resetTo") lastIndex = operation.index;
    }
    for (const listener of listeners) listener(operations);
  }

  async function carryOut(operations: readonly LogOperation[]): Promise<void> {
    await inner.write(operations);
    note(operations);
  }

  /**
   * The work is done some time before the program hears of it: a crash in between leaves a write
   * that nobody was told of.
   */
  function transfer<T>(process: VirtualProcess, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        const doneAt = time.now() + random.between(settings.latencyMs.min, settings.latencyMs.max);
        time.at(random.between(time.now(), doneAt), () => {
          if (process.stopped) return;
          work().then(
            (value) => process.post(doneAt, () => resolve(value)),
            (error: unknown) => process.post(doneAt, () => reject(error)),
          );
        });
      };
      if (hung === undefined) start();
      else hung.push(start);
    });
  }

  return {
    attach(process) {
      let writing = false;
      return {
        // The run that had it open is gone: closing releases what it held.
        open: (identity) => transfer(process, () => inner.close().then(() => inner.open(identity))),
        write(operations) {
          overlapped ||= writing;
          writing = true;
          return transfer(process, () => carryOut(operations)).finally(() => {
            writing = false;
          });
        },
        close: () => (process.stopped ? new Promise(() => undefined) : inner.close()),
      };
    },
    set(changes) {
      settings = { ...settings, ...changes };
    },
    hang() {
      hung ??= [];
    },
    resume() {
      const waiting = hung ?? [];
      hung = undefined;
      for (const start of waiting) start();
    },
    get writes() {
      return writes;
    },
    get overlapped() {
      return overlapped;
    },
    get hardState() {
      return hardState;
    },
    get lastIndex() {
      return lastIndex;
    },
    plant: carryOut,
    onWrite: (listener) => {
      listeners.push(listener);
    },
  };
}
