// Directories that the user names with an option: made if they are missing, and used by one process
// at a time.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { ClusterError } from "../errors.js";

const LOCK = "running.json";
const lockSchema = z.object({ pid: z.int(), startedAt: z.string() });

/**
 * Level by level: Node's own `recursive` never ends where a file system refuses new directories as
 * if their parent were missing (/proc).
 * @param option to change if it can't be made
 * @throws {ClusterError}
 */
export function makeDirectory(directory: string, option: string): void {
  const path = resolve(directory);
  if (existsSync(path)) return;
  makeDirectory(dirname(path), option);
  try {
    mkdirSync(path, 0o700);
  } catch (cause) {
    throw new ClusterError(
      "DATA_NOT_MADE",
      `${path} can't be created (${cause instanceof Error ? cause.message : String(cause)}); choose another ${option}`,
      { cause },
    );
  }
}

/** @throws {ClusterError} */
export function entriesOf(directory: string, option: string): string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    throw new ClusterError(
      "DATA_NOT_OURS",
      `${directory} can't be read as a directory (${cause instanceof Error ? cause.message : String(cause)}); choose another ${option}`,
      { cause },
    );
  }
}

/** @throws {ClusterError} a process that still runs holds it */
export function refuseIfInUse(directory: string, option: string): void {
  const lock = lockSchema.safeParse(parseJson(join(directory, LOCK)));
  if (
    lock.success &&
    startOf(lock.data.pid) === lock.data.startedAt &&
    lock.data.startedAt !== ""
  ) {
    throw new ClusterError(
      "DATA_IN_USE",
      `${directory} is in use by process ${lock.data.pid}; stop that cluster first, or choose another ${option}`,
    );
  }
}

/** @returns lets go of it; a process that ends without doing so holds it no longer either */
export function holdDirectory(directory: string): () => void {
  const lock = join(directory, LOCK);
  writeWhole(lock, { pid: process.pid, startedAt: startOf(process.pid) });
  return () => rmSync(lock, { force: true });
}

/** @returns undefined if it isn't there or isn't JSON */
export function parseJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

export function writeWhole(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/**
 * When a process started: tells it from a later one with the same number. Empty if there is none.
 */
function startOf(pid: number): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // The name, in parentheses, may hold spaces; the 20th field after it is the start time.
    const [, rest = ""] = /\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return `${boot} ${rest.split(" ")[19] ?? ""}`;
  } catch {
    return process.platform === "linux" ? "" : startWithoutProc(pid);
  }
}

/** Elsewhere only whether it lives can be asked. */
function startWithoutProc(pid: number): string {
  try {
    process.kill(pid, 0);
    return "alive";
  } catch {
    return "";
  }
}
