// The real disk, over node:fs. Callbacks instead of fs.promises: a write and its sync are the hot
// path.
import * as fs from "node:fs";
import type { FileHandle, FileSystem } from "./file-system.js";
import { lockDirectory } from "./node-lock.js";

/** On Linux a write does what `fdatasync` does: one trip to the thread pool instead of two. */
const DURABLE_WRITES = process.platform === "linux" ? fs.constants.O_DSYNC : 0;

export const nodeFileSystem: FileSystem = {
  async open(path, mode, writes) {
    const { O_RDWR, O_CREAT, O_EXCL } = fs.constants;
    const durable = writes === "durable" ? DURABLE_WRITES : 0;
    const flags = O_RDWR | durable | (mode === "create" ? O_CREAT | O_EXCL : 0);
    const fd = await call<number>((done) => fs.open(path, flags, 0o600, done));
    return fileHandle(fd, durable !== 0);
  },
  rename: (from, to) => call((done) => fs.rename(from, to, done)),
  unlink: (path) => call((done) => fs.unlink(path, done)),
  list: (directory) => call<string[]>((done) => fs.readdir(directory, done)),
  syncDirectory,
  async makeDirectory(directory) {
    try {
      await call((done) => fs.mkdir(directory, 0o700, done));
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
      throw error;
    }
  },
  restrictDirectory: (directory) => call((done) => fs.chmod(directory, 0o700, done)),
  lock: lockDirectory,
};

function fileHandle(fd: number, writesDurably: boolean): FileHandle {
  return {
    writesDurably,
    read: (into, position) =>
      call<number>((done) => fs.read(fd, into, 0, into.length, position, done)),
    write(parts, position) {
      const [only] = parts;
      return call<number>((done) =>
        only !== undefined && parts.length === 1
          ? fs.write(fd, only, 0, only.length, position, done)
          : fs.writev(fd, parts, position, done),
      );
    },
    datasync: () => call((done) => fs.fdatasync(fd, done)),
    size: async () => (await call<fs.Stats>((done) => fs.fstat(fd, done))).size,
    close: () => call((done) => fs.close(fd, done)),
  };
}

/** Windows keeps names durable by itself and can't open a directory. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === "win32") return;
  const fd = await call<number>((done) => fs.open(directory, fs.constants.O_RDONLY, done));
  try {
    await call((done) => fs.fsync(fd, done));
  } finally {
    await call((done) => fs.close(fd, done));
  }
}

type Done<Result> = (error: Error | null, result: Result) => void;

function call<Result = void>(start: (done: Done<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}
