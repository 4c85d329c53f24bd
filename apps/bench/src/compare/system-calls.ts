// Counts the system calls of running servers with strace, which slows them down: in a run of its
// own, for what durability rests on.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Calls that make something durable, and those that write: one on a descriptor with O_DSYNC does
 * both.
 */
const CALLS = ["fsync", "fdatasync", "pwrite64", "pwritev", "write", "writev"] as const;

export type CallCounts = Readonly<Record<string, number>>;

/**
 * @param directory an existing one
 * @param run is called once strace is attached
 * @throws strace couldn't attach
 */
export async function countSystemCalls<T>(
  pids: readonly number[],
  directory: string,
  run: () => Promise<T>,
): Promise<{ readonly result: T; readonly counts: CallCounts }> {
  const file = join(directory, "strace");
  const strace = spawn(
    "strace",
    [
      "-f",
      "-c",
      "-e",
      `trace=${CALLS.join(",")}`,
      "-o",
      file,
      ...pids.flatMap((pid) => ["-p", String(pid)]),
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = new Promise<void>((resolve) => strace.once("close", () => resolve()));
  const onExit = (): void => void strace.kill("SIGINT");
  process.prependOnceListener("exit", onExit);
  try {
    await attached(strace.stderr, ended, pids.length);
    const result = await run();
    strace.kill("SIGINT");
    await ended;
    return { result, counts: parseCounts(await readFile(file, "utf8")) };
  } finally {
    strace.kill("SIGINT");
    await ended;
    process.off("exit", onExit);
  }
}

/** It says so of each process. */
async function attached(
  said: NodeJS.ReadableStream,
  ended: Promise<void>,
  processes: number,
): Promise<void> {
  let text = "";
  const all = new Promise<void>((resolve) => {
    said.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if ([...text.matchAll(/Process \d+ attached/g)].length >= processes) resolve();
    });
  });
  await Promise.race([
    all,
    ended.then(() => {
      throw new Error(`strace couldn't attach: ${text.trim().slice(-300)}`);
    }),
  ]);
}

/**
 * @param table `strace -c`'s: share, seconds, µs a call, calls, errors if there are any, the call
 */
export function parseCounts(table: string): CallCounts {
  const counts: Record<string, number> = {};
  for (const line of table.split("\n")) {
    const [share, , , calls, ...rest] = line.trim().split(/\s+/);
    const call = rest.at(-1);
    if (call === undefined || call === "total" || !/^[\d.]+$/.test(share ?? "")) continue;
    counts[call] = Number(calls);
  }
  return counts;
}
