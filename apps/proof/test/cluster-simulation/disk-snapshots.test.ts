// Snapshots on the disk of a simulated computer: what is durable by the files themselves, what an
// opening owes, and what goes wrong with them.
import type { SnapshotPosition } from "@raftkit/core";
import type { FileSystem } from "@raftkit/storage-file";
import { describe, expect, test } from "vitest";
import { buildDisk } from "./support/disk.js";

const configuration = {
  clusterInstance: "cluster-instance-1",
  voters: [{ id: "n1", incarnation: "i", address: "n1.test:7000" }],
  learners: [],
  outgoing: [],
};
const at = (index: number): SnapshotPosition => ({
  index,
  term: 1,
  configuration,
  configurationIndex: 1,
});

type Built = Awaited<ReturnType<typeof buildDisk>>;

/** @returns what became of it */
async function save({ snapshots, follow, go, time }: Built, index: number): Promise<string> {
  const saving = follow(
    (async () => {
      const sink = await snapshots.create(at(index));
      await sink.write(new Uint8Array(3000).fill(index));
      await sink.commit();
    })(),
  );
  await go(time.now() + 50);
  return saving.ended();
}

/** Another run, which opens the snapshots too. */
async function openAgain(built: Built): Promise<Built> {
  built.disk.kill();
  const next = { ...built, ...(await built.open()) };
  const opening = built.follow(
    next.snapshots.open({ clusterId: "c", nodeId: "n1", codec: "json" }),
  );
  await built.go(built.time.now() + 50);
  expect(opening.ended()).toBe("done");
  return next;
}

async function build(tamper?: (fileSystem: FileSystem) => FileSystem): Promise<Built> {
  return openAgain(await buildDisk(tamper));
}

describe("a snapshot", () => {
  test("is durable when its name is, and found again after a power cut", async () => {
    const built = await build();
    const { disk, seen, broken } = built;
    expect(await save(built, 5)).toBe("done");
    expect(disk.durable.snapshot).toMatchObject({ index: 5, term: 1, configurationIndex: 1 });
    expect(seen.filter((what) => what === "saved")).toHaveLength(1);
    expect(seen.indexOf("saved")).toBeLessThan(seen.indexOf("committed"));
    disk.powerCut("nothing");
    const next = await openAgain(built);
    expect(await save(next, 9)).toBe("done");
    await openAgain(next);
    expect([disk.durable.snapshot?.index, broken]).toEqual([9, []]);
    expect(await disk.reread()).toBeUndefined();
  });

  test("that is slow takes longer; that finds no room says so, and the log goes on", async () => {
    const built = await build();
    const { disk, seen, follow, log, go, time } = built;
    disk.setSnapshotDelay(200);
    const { snapshots } = built;
    const creating = follow(snapshots.create(at(5)));
    await go(time.now() + 100);
    expect([creating.ended(), seen.includes("slowSnapshots")]).toEqual(["open", true]);
    await go(time.now() + 200);
    expect(creating.ended()).toBe("done");
    disk.setSnapshotDelay(0);
    disk.setFree(100);
    expect(await save(built, 6)).toMatch(/ENOSPC|no snapshot|failed/i);
    expect(seen).toContain("noRoom");
    const hardState = { currentTerm: 1, votedFor: null };
    const write = follow(log.write([{ type: "hardState", hardState }]));
    await go(time.now() + 50);
    expect(write.ended()).toBe("done");
    disk.setFree(undefined);
    expect(await save(built, 7)).toBe("done");
  });

  test("that is read badly isn't what is there, and nothing is damaged", async () => {
    const built = await build();
    const { disk, seen, snapshots, go, time } = built;
    expect(await save(built, 5)).toBe("done");
    disk.setBadReads(true);
    const found: number[] = [];
    void (async () => {
      const reader = await snapshots.openReader(snapshotIdOf(seen) ?? "");
      for (let i = 0; i < 20; i++) found.push((await reader.read(0, 10)).data[0] ?? -1);
      await reader.close();
    })();
    await go(time.now() + 50);
    expect(new Set(found)).toEqual(new Set([5, 5 ^ 0x10]));
    expect([seen.includes("badReads"), disk.hasReadBadly]).toEqual([true, true]);
    disk.setBadReads(false);
    await openAgain(built);
    expect([disk.hasReadBadly, built.broken]).toEqual([false, []]);
  });

  test.each(["data", "description"] as const)(
    "whose %s rots is owed by no opening, until another one takes its place",
    async (part) => {
      const built = await build();
      const { disk, broken } = built;
      expect(disk.rotSnapshot(part)).toBe(false);
      expect(await save(built, 5)).toBe("done");
      expect([disk.rotSnapshot(part), disk.rotSnapshot(part)]).toEqual([true, false]);
      const next = await openAgain(built);
      expect([disk.isSnapshotRotten, disk.durable.snapshot?.index]).toEqual([true, 5]);
      expect(await save(next, 7)).toBe("done");
      expect(disk.isSnapshotRotten).toBe(false);
      await openAgain(next);
      expect(broken).toEqual([]);
    },
  );
});

describe("a storage that lies is found out:", () => {
  test("one that loses the newest snapshot", async () => {
    const built = await build((real) => ({
      ...real,
      list: async (directory) =>
        (await real.list(directory)).filter((name) => !name.endsWith(".snap")),
    }));
    expect(await save(built, 5)).toBe("done");
    await openAgain(built);
    expect(built.broken).toEqual([
      expect.stringMatching(/found the snapshot none at 0; durable is .* and one at 5 was ack/),
    ]);
  });

  test("one that doesn't make names durable", async () => {
    const built = await build((real) => ({ ...real, syncDirectory: () => Promise.resolve() }));
    expect(await save(built, 5)).toBe("done");
    expect(built.disk.durable.snapshot).toBeUndefined();
  });
});

/** The newest that was committed. */
function snapshotIdOf(seen: readonly string[]): string | undefined {
  return seen.findLast((what) => what.startsWith("id "))?.slice(3);
}
