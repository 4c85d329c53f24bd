// This process's side of the watchdog: tells it which servers there are. If the watchdog can't be
// started there is no run.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Watchdog {
  watch(pid: number): void;
  forget(pid: number): void;
  /** Resolves once the watchdog is gone; it removes the directory on its way. */
  close(): Promise<void>;
}

/** @param temporary a directory to remove at the end, "" for none */
export async function startWatchdog(temporary: string): Promise<Watchdog> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL("watchdog-process.js", import.meta.url)), temporary],
    { stdio: ["pipe", "ignore", "ignore"], detached: true },
  );
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stdin.on("error", () => {});
  await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
  return {
    watch: (pid) => void child.stdin.write(`+${pid}\n`),
    forget: (pid) => void child.stdin.write(`-${pid}\n`),
    close() {
      child.stdin.end();
      return ended;
    },
  };
}
