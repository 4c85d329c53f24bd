// The disk of one simulated computer, and what it tells.
import { createRandom, createVirtualTime } from "@raftkit/simulation";
import type { FileSystem } from "@raftkit/storage-file";
import type { DiskEvents } from "../../../src/cluster-simulation/disk.js";
import { createComputerDisk } from "../../../src/cluster-simulation/disk.js";

export const identity = { clusterId: "c", nodeId: "n1", codec: "json" };

/** Attached and open, once. */
export async function buildDisk(tamper?: (fileSystem: FileSystem) => FileSystem) {
  const time = createVirtualTime();
  const seen: string[] = [];
  const broken: string[] = [];
  const events: DiskEvents = {
    note: (line) => seen.push(line),
    broken: (message) => broken.push(message),
    opened: () => seen.push("opened"),
    snapshotsOpened: () => seen.push("snapshots opened"),
    wiping: () => seen.push("wiping"),
    writing: () => undefined,
    durable: () => seen.push("durable"),
    saved: () => seen.push("saved"),
    disturbed: (how) => seen.push(how),
    snapshots: {
      creating: () => seen.push("creating"),
      abandoned: () => seen.push("abandoned"),
      committed: ({ snapshotId }) => seen.push("committed", `id ${snapshotId}`),
      reading: (readers) => seen.push(`${readers} readers`),
    },
  };
  const disk = createComputerDisk({
    time,
    random: createRandom(1),
    segmentBytes: 8192,
    snapshotMs: 0,
    isRunning: () => true,
    viewOf: (file) => ({ ...file, content: undefined }),
    events,
    ...(tamper && { tamper }),
  });
  async function go(until: number): Promise<void> {
    await time.flush();
    for (let more = true; more;) more = await time.step(until);
    time.advanceTo(until);
  }
  let runs = 0;
  async function open() {
    const process = time.process(`n1/${++runs}`);
    const { log, snapshots } = disk.attach(process);
    const opening = log.open(identity);
    opening.catch(() => undefined);
    await go(time.now() + 50);
    return { process, log, snapshots, opened: await opening };
  }
  /** Whether it ended well, by now. */
  function follow(promise: Promise<unknown>): { readonly ended: () => string } {
    let how = "open";
    promise.then(
      () => {
        how = "done";
      },
      (error: unknown) => {
        how = error instanceof Error ? error.message : String(error);
      },
    );
    return { ended: () => how };
  }
  const started = await open();
  seen.length = 0;
  return { time, disk, seen, broken, go, open, follow, ...started };
}
