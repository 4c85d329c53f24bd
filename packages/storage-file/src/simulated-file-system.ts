// The operations of a file system on the simulated disk: those on names, and those on one open
// file. `operate` carries them out in time.
import type { FileHandle, FileSystem } from "./file-system.js";
import type { SimulatedFile } from "./simulated-file.js";
import { createFile, syncFile, syncRange, view, writeTo } from "./simulated-file.js";
import { failSync } from "./simulated-loss.js";
import type { SimulatedNames } from "./simulated-names.js";
import { hasAncestors, parentOf } from "./simulated-names.js";
import type { Operate } from "./simulated-operations.js";
import { failure } from "./simulated-operations.js";

/** What the operations on names mean. */
export function fileSystemOver(
  names: SimulatedNames,
  operate: Operate,
  handle: (file: SimulatedFile, writes: "durable" | undefined) => FileHandle,
  lock: (directory: string) => (() => Promise<void>) | undefined,
): FileSystem {
  const create = (path: string, isDirectory: boolean): void => {
    if (!hasAncestors(names.current, path)) throw failure("ENOENT", path);
    names.change(parentOf(path), [], new Map([[path, createFile(isDirectory, path)]]));
  };
  return {
    open: (path, mode, writes) =>
      operate(mode === "create" ? "create" : "open", path, () => {
        if (mode === "create") {
          if (names.current.has(path)) throw failure("EEXIST", path);
          create(path, false);
        }
        return handle(find(names, path), writes);
      }),
    rename: (from, to) =>
      operate("rename", from, () =>
        names.change(parentOf(from), [from], new Map([[to, find(names, from)]])),
      ),
    unlink: (path) =>
      operate("unlink", path, () => {
        find(names, path);
        names.change(parentOf(path), [path], new Map());
      }),
    list: (directory) =>
      operate("list", directory, () => {
        if (directory !== "/") find(names, directory);
        return [...names.current.keys()]
          .filter((path) => path !== directory && parentOf(path) === directory)
          .map((path) => path.slice(path.lastIndexOf("/") + 1));
      }),
    syncDirectory: (directory) => operate("syncDirectory", directory, () => names.sync(directory)),
    makeDirectory: (directory) =>
      operate("makeDirectory", directory, () => {
        if (directory === "/" || names.current.has(directory)) return false;
        create(directory, true);
        return true;
      }),
    restrictDirectory: (directory) => operate("restrictDirectory", directory, () => {}),
    lock: (directory) => operate("lock", directory, () => lock(directory)),
  };
}

/**
 * What the operations on one open file mean.
 * @param lacking for how many bytes there is no room when a file grows by so many
 */
export function handleOf(
  file: SimulatedFile,
  operate: Operate,
  lacking: (growth: number) => number,
  random: () => number,
): FileHandle {
  return {
    read: (into, position) =>
      operate("read", file, (shortBytes) => {
        const bytes = view(file.current).subarray(
          position,
          position + Math.min(into.length, shortBytes),
        );
        into.set(bytes);
        return bytes.length;
      }),
    write: (parts, position) =>
      operate("write", file, (shortBytes) => {
        const whole = Buffer.concat(parts);
        const missing = lacking(position + whole.length - file.current.size);
        const bytes = whole.subarray(0, Math.min(whole.length - missing, shortBytes));
        if (bytes.length === 0 && whole.length > 0) throw failure("ENOSPC", file.path);
        writeTo(file, position, bytes);
        return bytes.length;
      }),
    datasync: () =>
      operate(
        "datasync",
        file,
        () => syncFile(file),
        () => failSync(file, random),
      ),
    size: () => operate("size", file, () => file.current.size),
    close: () => operate("close", file, () => {}),
  };
}

/**
 * As of a file that was opened with `O_DSYNC`: a write has a second step, which makes its own bytes
 * durable and none that were written before.
 */
export function durablyWriting(
  handle: FileHandle,
  file: SimulatedFile,
  operate: Operate,
  random: () => number,
): FileHandle {
  return {
    ...handle,
    writesDurably: true,
    async write(parts, position) {
      const written = await handle.write(parts, position);
      await operate(
        "datasync",
        file,
        () => syncRange(file, position, position + written),
        () => failSync(file, random),
      );
      return written;
    },
  };
}

function find(names: SimulatedNames, path: string): SimulatedFile {
  const file = names.current.get(path);
  if (file === undefined) throw failure("ENOENT", path);
  return file;
}
