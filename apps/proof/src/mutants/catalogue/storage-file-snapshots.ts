// Faults in the snapshots of @raftkit/storage-file. One changed place each.
import type { Mutant } from "../mutant.js";

const sink = "packages/storage-file/src/snapshot-sink.ts";
const folder = "packages/storage-file/src/snapshot-folder.ts";
const opening = "packages/storage-file/src/snapshot-opening.ts";
const file = "packages/storage-file/src/snapshot-file.ts";
const reader = "packages/storage-file/src/snapshot-reader.ts";

export const storageFileSnapshots: readonly Mutant[] = [
  {
    id: "storage-file-38",
    file: sink,
    find: "    await handle.datasync();\n    await this.#closeHandle();",
    replace: "    await this.#closeHandle();",
    why: "a snapshot gets its name before its data is durable (hazard 41)",
  },
  {
    id: "storage-file-39",
    file: sink,
    find: "    await fileSystem.syncDirectory(directory);\n",
    replace: "",
    why: "a committed snapshot's name can vanish with the power (hazard 45)",
  },
  {
    id: "storage-file-40",
    file: sink,
    find: "    await fileSystem.syncDirectory(directory);\n    this.#path = undefined;\n    this.#options.onEnd();\n    return this.#options.keep(this.#bytes, this.#crc);",
    replace:
      "    const meta = await this.#options.keep(this.#bytes, this.#crc);\n    await fileSystem.syncDirectory(directory);\n    this.#path = undefined;\n    this.#options.onEnd();\n    return meta;",
    why: "the older snapshot goes before the newer one is durable (hazard 42)",
  },
  {
    id: "storage-file-41",
    file,
    find: "  if (crc32(text) !== view.getUint32(24, true)) {",
    replace: "  if (text.length === 0) {",
    why: "a damaged description is believed (hazard 41)",
  },
  {
    id: "storage-file-42",
    file: folder,
    find: "      kept.readers--;",
    replace: "      kept.readers = 0;",
    why: "one reader's end unpins a snapshot for all others",
  },
  {
    id: "storage-file-43",
    file: folder,
    find: "this.#newest.meta.index <= index) return;",
    replace: "index > 0) return;",
    why: "a late commit of a lower index takes the newest one's place (hazard 41)",
  },
  {
    id: "storage-file-44",
    file: opening,
    find: "    (a, b) => b.meta.index - a.meta.index || b.number - a.number,",
    replace: "    (a, b) => b.number - a.number,",
    why: "an opening keeps the snapshot that was begun last and removes the newest (hazard 42)",
  },
  {
    id: "storage-file-45",
    file: sink,
    find: "      await this.#discard();\n      throw this.#failure;",
    replace: "      throw this.#failure;",
    why: "a snapshot that found no space keeps what it took",
  },
  {
    id: "storage-file-46",
    file: opening,
    find: "  await fileSystem.rename(file, keptIn);",
    replace: "  await fileSystem.unlink(file);",
    why: "a damaged snapshot is deleted",
  },
  {
    id: "storage-file-47",
    file: opening,
    find: "      refuseOtherNode(directory, description, identity);\n",
    replace: "",
    why: "a node starts from another node's snapshot (hazard 56)",
  },
  {
    id: "storage-file-48",
    file: opening,
    find: "  await fileSystem.syncDirectory(directory);\n  for (const { snapshotId, kind }",
    replace: "  for (const { snapshotId, kind }",
    why: "an opening relies on a name that only the page cache knows (hazard 45)",
  },
  {
    id: "storage-file-49",
    file: folder,
    find: "    await this.#commits;\n",
    replace: "",
    why: "the lock is released while a commit goes on",
  },
  {
    id: "storage-file-50",
    file,
    find: "crc32(footer.subarray(0, FOOTER_CRC_OFFSET)) !== view.getUint32(FOOTER_CRC_OFFSET, true)",
    replace: "view.getUint32(FOOTER_CRC_OFFSET, true) < 0",
    why: "the end of a snapshot file isn't checked: damage can pass for a later format, and the storage doesn't open",
  },
  {
    id: "storage-file-51",
    file: sink,
    find: "      await handle.datasync();\n      this.#unsynced = 0;",
    replace: "      this.#unsynced = 0;",
    why: "a large snapshot is synced at once, and the log waits for it (hazard 50)",
  },
  {
    id: "storage-file-52",
    file: reader,
    find: "    await Promise.allSettled(this.#underWay);\n",
    replace: "",
    why: "a reader's close takes the file away from a read that is under way",
  },
  {
    id: "storage-file-53",
    file: folder,
    find: '    kept.readers++;\n    const release = async (): Promise<void> => {\n      kept.readers--;\n      await this.#prune();\n    };\n    let handle: FileHandle;\n    try {\n      handle = await this.#options.fileSystem.open(kept.file, "existing");\n',
    replace:
      '    const release = async (): Promise<void> => {\n      kept.readers--;\n      await this.#prune();\n    };\n    let handle: FileHandle;\n    try {\n      handle = await this.#options.fileSystem.open(kept.file, "existing");\n      kept.readers++;\n',
    why: "a snapshot is pinned later than its reader was asked for",
  },
  {
    id: "storage-file-54",
    file: folder,
    find: "      if (kept === this.#newest || kept.readers > 0) continue;",
    replace: "      if (kept.readers > 0) continue;",
    why: "tidying up removes the newest snapshot (hazard 42)",
  },
  {
    id: "storage-file-55",
    file: opening,
    find: '    if (!hasCode(error, "EIO")) throw error;\n',
    replace: "",
    why: "where a descriptor is missing, a good snapshot is put aside as damaged",
  },
  {
    id: "storage-file-56",
    file: "packages/storage-file/src/file-snapshots.ts",
    find: "if (release === undefined) throw new DataDirectoryInUse(directory);",
    replace: "release ??= () => Promise.resolve();",
    why: "two storages write snapshots into one folder",
  },
  {
    id: "storage-file-57",
    file: folder,
    find: "    this.#commits = result.catch(() => {});",
    replace: "    void result.catch(() => {});",
    why: "two commits at once overtake each other (hazard 41)",
  },
];
