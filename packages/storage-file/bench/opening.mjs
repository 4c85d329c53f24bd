// How long it takes to open a log, and how much memory: `node bench/opening.mjs [MiB] [entry bytes]`
// after a build. A process of its own opens, so that its peak is that of the opening alone.
import { fork } from "node:child_process";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { encodeRun, EntryKind } from "@raftkit/core";
import { createFileLog } from "@raftkit/storage-file";

const MIB = 1024 * 1024;
const identity = { clusterId: "bench", nodeId: "n1", codec: "json" };
const [first = "1024", second = "4096"] = process.argv.slice(2);

if (first === "open") await open(second);
else await measure(Number(first) * MIB, Number(second));

/** Writes the log, a frame for each entry, but syncs nothing: what is measured is the reading. */
async function measure(logBytes, entryBytes) {
  const directory = await mkdtemp(`${tmpdir()}/raftkit-opening-`);
  try {
    const { nodeFileSystem } = await import("../dist/node-file-system.js");
    const unsynced = {
      ...nodeFileSystem,
      syncDirectory: async () => {},
      open: async (path, mode) => ({
        ...(await nodeFileSystem.open(path, mode)),
        datasync: async () => {},
      }),
    };
    const log = createFileLog({ directory, fileSystem: unsynced });
    await log.open(identity);
    const data = Uint8Array.from({ length: entryBytes }, (_, i) => 1 + (i % 250));
    const count = Math.ceil(logBytes / entryBytes);
    for (let index = 1; index <= count; index++) {
      await log.write([{ type: "append", run: encodeRun(index, 1, EntryKind.command, [data]) }]);
    }
    await log.close();
    let onDisk = 0;
    for (const name of await readdir(directory)) {
      onDisk += (await stat(`${directory}/${name}`)).size;
    }
    console.log(
      `${count} entries of ${entryBytes} bytes, ${(onDisk / MIB).toFixed(0)} MiB on disk`,
    );
    for (let i = 0; i < 3; i++) {
      const child = fork(fileURLToPath(import.meta.url), ["open", directory]);
      await new Promise((resolve) => child.once("exit", resolve));
    }
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function open(directory) {
  const before = process.resourceUsage().maxRSS / 1024;
  const log = createFileLog({ directory });
  const start = performance.now();
  const { entries } = await log.open(identity);
  const seconds = (performance.now() - start) / 1000;
  const bytes = entries.reduce((sum, run) => sum + run.bytes.length, 0);
  const cpu = process.resourceUsage();
  console.log(
    [
      `opened ${(bytes / MIB).toFixed(0)} MiB in ${seconds.toFixed(2)} s`,
      `${(bytes / 1e6 / seconds).toFixed(0)} MB/s`,
      `${((cpu.userCPUTime + cpu.systemCPUTime) / 1e6).toFixed(2)} s of CPU`,
      `peak memory ${(cpu.maxRSS / 1024).toFixed(0)} MiB (${before.toFixed(0)} MiB before)`,
    ].join(", "),
  );
  await log.close();
}
