// A process beside a run: when the run's process is gone, however that ended, it kills the servers
// that are left, paused ones too (those can't notice by themselves), and removes the temporary
// data. It reads "+PID" and "-PID" lines from its input.
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

const [directory = ""] = process.argv.slice(2);
const watched = new Set<number>();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const pid = Number(line.slice(1));
    if (line.startsWith("+")) watched.add(pid);
    else watched.delete(pid);
  })
  .on("close", () => {
    for (const pid of watched) kill(pid);
    if (directory !== "") {
      rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    }
  });

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}
