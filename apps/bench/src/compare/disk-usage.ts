// What a disk has been given to write, from Linux's /sys. A process's own account (write_bytes in
// /proc) doesn't tell: a write counts as the whole folio that it makes dirty, which is 1 MiB where a
// file was filled by writes of that size (Linux 6.18, ext4).
import { readFileSync, statSync } from "node:fs";

/** The kernel counts sectors of this size, whatever the disk's own is. */
const SECTOR_BYTES = 512;
/** See "stat" in Linux's Documentation/block/stat.rst. */
const SECTORS_WRITTEN = 6;

/**
 * @returns bytes since the machine started, by whoever wrote them, journals included; undefined:
 * the folder is on no disk that the kernel counts for, such as a file system in memory
 */
export function bytesWrittenTo(directory: string): number | undefined {
  if (process.platform !== "linux") return undefined;
  const { major, minor } = deviceOf(statSync(directory).dev);
  try {
    return parseDiskStat(readFileSync(`/sys/dev/block/${major}:${minor}/stat`, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export function parseDiskStat(stat: string): number {
  return Number(stat.trim().split(/\s+/)[SECTORS_WRITTEN]) * SECTOR_BYTES;
}

/** How Linux packs a device's numbers into one. */
export function deviceOf(dev: number): { readonly major: number; readonly minor: number } {
  return { major: (dev >> 8) & 0xfff, minor: (dev & 0xff) | ((dev >> 12) & 0xfff00) };
}
