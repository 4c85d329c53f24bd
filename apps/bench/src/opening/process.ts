// Opens the log in the folder that is its argument, and prints what that took.
import { createFileLog } from "@raftkit/storage-file";
import { IDENTITY } from "./identity.js";

const MIB = 1024 * 1024;

const [directory = ""] = process.argv.slice(2);
const before = process.resourceUsage().maxRSS / 1024;
const log = createFileLog({ directory });
const start = performance.now();
const { entries } = await log.open(IDENTITY);
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
