// The operations of processes on the simulated disk, one by one: counted, delayed, failed as
// planned, carried out, and answered only to a living process.
import type { SimulatedFile } from "./simulated-file.js";

export interface Operation {
  readonly type:
    | "open"
    | "create"
    | "read"
    | "write"
    | "datasync"
    | "size"
    | "close"
    | "rename"
    | "unlink"
    | "list"
    | "syncDirectory"
    | "makeDirectory"
    | "restrictDirectory"
    | "lock"
    | "unlock";
  /** For a file that is open: the name that it has now, not the one under which it was opened. */
  readonly path: string;
  /** Counts all operations of the disk, from 1. */
  readonly number: number;
}

export type Fault =
  /**
   * The operation rejects with this code and has no effect; a `datasync` loses what it should have
   * made durable, as real ones do.
   */
  | { readonly type: "error"; readonly code: string }
  /** A write or read does only so many bytes. */
  | { readonly type: "short"; readonly bytes: number }
  /** The machine loses power before the operation, or after its effect but before its answer. */
  | { readonly type: "powerCut"; readonly when: "before" | "after" };

/** How long a process waits for the disk. */
export interface DiskTiming {
  /** Awaited before each operation takes effect: simulated latency. */
  readonly delay?: (operation: Operation) => Promise<void> | undefined;
  /**
   * Awaited between an operation's effect, or its failure, and its answer to the process: a crash
   * there leaves an effect that nobody was told of. For a process that is gone it may wait for
   * ever.
   */
  readonly answer?: (operation: Operation) => Promise<void> | undefined;
}

export interface Process extends DiskTiming {
  alive: boolean;
}

/** Counts, delays and fails one operation of a process; then does it. */
export type Operate = <Result>(
  type: Operation["type"],
  /** A file that is open, or a path. */
  target: string | SimulatedFile,
  effect: (shortBytes: number) => Result,
  onError?: () => void,
) => Promise<Result>;

export interface Operations {
  /** How many there were. */
  readonly count: number;
  operateAs(process: Process): Operate;
}

/** What operations ask of their disk, and tell it. */
export interface OperatedDisk {
  fault(operation: Operation): Fault | undefined;
  readonly onOutcome?: ((operation: Operation, error?: unknown) => void) | undefined;
  powerCut(): void;
}

export function createOperations(disk: OperatedDisk): Operations {
  let count = 0;

  async function operate<Result>(
    process: Process,
    type: Operation["type"],
    target: string | SimulatedFile,
    effect: (shortBytes: number) => Result,
    onError?: () => void,
  ): Promise<Result> {
    const operation = {
      type,
      path: typeof target === "string" ? target : target.path,
      number: ++count,
    };
    const waiting = process.delay?.(operation);
    if (waiting !== undefined) await waiting;
    const outcome = process.alive ? attempt(process, operation, effect, onError) : gone();
    const answering = process.answer?.(operation);
    if (answering !== undefined) await answering;
    if ("error" in outcome) throw outcome.error;
    if (!process.alive) throw gone().error;
    return outcome.result;
  }

  function attempt<Result>(
    process: Process,
    operation: Operation,
    effect: (shortBytes: number) => Result,
    onError: (() => void) | undefined,
  ): { readonly result: Result } | { readonly error: unknown } {
    const planned = disk.fault(operation);
    if (planned?.type === "powerCut" && planned.when === "before") disk.powerCut();
    if (!process.alive) return gone();
    try {
      if (planned?.type === "error") {
        onError?.();
        throw failure(planned.code, `${operation.type} ${operation.path}`);
      }
      const result = effect(planned?.type === "short" ? Math.max(1, planned.bytes) : Infinity);
      disk.onOutcome?.(operation);
      if (planned?.type === "powerCut") disk.powerCut();
      return { result };
    } catch (error) {
      disk.onOutcome?.(operation, error);
      return { error };
    }
  }

  return {
    get count() {
      return count;
    },
    operateAs: (process) => (type, target, effect, onError) =>
      operate(process, type, target, effect, onError),
  };
}

function gone(): { readonly error: Error } {
  return { error: new Error("the process is gone, or the power") };
}

export function failure(code: string, what: string): Error & { code: string } {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}
