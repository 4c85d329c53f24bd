// What processes have used, from Linux's /proc.
import { readFileSync } from "node:fs";

export interface Usage {
  readonly cpuUs: number;
  /** In whole pages and folios, so only good for telling whether they write at all. */
  readonly writtenBytes: number;
  readonly rssBytes: number;
  readonly rssPeakBytes: number;
}

/** Linux's clock ticks a second, the same on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** @returns undefined: there is no /proc. @throws one of them has ended */
export function usageOf(pids: readonly number[]): Usage | undefined {
  if (process.platform !== "linux") return undefined;
  const all = pids.map((pid) => {
    const read = (file: string): string => readFileSync(`/proc/${pid}/${file}`, "utf8");
    return parseUsage({ stat: read("stat"), status: read("status"), io: read("io") });
  });
  const sum = (figure: (usage: Usage) => number): number =>
    all.reduce((total, usage) => total + figure(usage), 0);
  return {
    cpuUs: sum(({ cpuUs }) => cpuUs),
    writtenBytes: sum(({ writtenBytes }) => writtenBytes),
    rssBytes: sum(({ rssBytes }) => rssBytes),
    rssPeakBytes: sum(({ rssPeakBytes }) => rssPeakBytes),
  };
}

/** @param files of one process, as `man 5 proc` describes them */
export function parseUsage(files: { stat: string; status: string; io: string }): Usage {
  // The name, in parentheses, may contain anything.
  const fields = files.stat.slice(files.stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  const numberAt = (text: string, name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? NaN);
  return {
    cpuUs: (ticks * 1e6) / TICKS_PER_SECOND,
    writtenBytes: numberAt(files.io, "write_bytes"),
    rssBytes: numberAt(files.status, "VmRSS") * 1024,
    rssPeakBytes: numberAt(files.status, "VmHWM") * 1024,
  };
}
