// Raft libraries for JavaScript beside raftkit's core: three nodes in one process, messages handed
// over in memory, nothing on disk.
import { markdownTable } from "markdown-table";
import { coaty } from "./coaty.js";
import { liferaft } from "./liferaft.js";
import { installPeers } from "./peers.js";
import type { Library } from "./library.js";
import { raftkitCore } from "./raftkit-core.js";

export interface LibrariesOptions {
  /** How long each is measured at each batch size. */
  readonly ms: number;
}

const LIBRARIES: readonly Library[] = [raftkitCore, coaty, liferaft];
const VALUE = new Uint8Array(100).fill(120);

export async function measureLibraries(
  { ms }: LibrariesOptions,
  print: (line: string) => void,
): Promise<void> {
  installPeers(print);
  const lines: string[][] = [];
  for (const library of LIBRARIES) {
    for (const batch of library.batches) {
      // One that doesn't run is no reason not to measure the others.
      const figures = await measure(library, batch, ms).catch((error: unknown) => {
        print(
          `${library.name}, ${batch} at a time: ` +
            `${error instanceof Error ? error.message : String(error)}`,
        );
      });
      if (!figures) continue;
      const { perSecond, cpuUs } = figures;
      lines.push([library.name, String(batch), perSecond.toFixed(0), cpuUs.toFixed(2)]);
    }
  }
  const head = [
    "three nodes, entries of 100 B",
    "at a time",
    "entries a second",
    "CPU µs an entry",
  ];
  print(markdownTable([head, ...lines], { align: ["l", "r", "r", "r"] }));
}

async function measure(
  library: Library,
  batch: number,
  ms: number,
): Promise<{ readonly perSecond: number; readonly cpuUs: number }> {
  const running = await library.start();
  const commands = Array.from({ length: batch }, () => VALUE);
  const commitFor = async (time: number): Promise<number> => {
    let entries = 0;
    for (const until = performance.now() + time; performance.now() < until; entries += batch) {
      await running.commit(commands);
    }
    return entries;
  };
  try {
    await commitFor(ms / 2);
    const before = { at: performance.now(), cpu: process.cpuUsage() };
    const entries = await commitFor(ms);
    const { user, system } = process.cpuUsage(before.cpu);
    const seconds = (performance.now() - before.at) / 1000;
    return { perSecond: entries / seconds, cpuUs: (user + system) / entries };
  } finally {
    running.close();
  }
}
