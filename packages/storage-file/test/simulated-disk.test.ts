// Each way in which a disk can disappoint, alone: a test of a storage is worth what its disk
// forgets.
import type { FileHandle, FileSystem } from "@raftkit/storage-file";
import type {
  Fault,
  Operation,
  SimulatedDisk,
  SimulatedDiskOptions,
} from "@raftkit/storage-file/simulated-disk";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { describe, expect, test } from "vitest";
import { seeded } from "./support/logs.js";

const SECTOR = 512;

async function setUp(
  options: Partial<SimulatedDiskOptions> = {},
): Promise<{ disk: SimulatedDisk; system: FileSystem; file: FileHandle }> {
  const disk = createSimulatedDisk({ random: seeded(1), ...options });
  const system = disk.boot();
  await system.makeDirectory("/d");
  const file = await system.open("/d/f", "create");
  await file.write([filled(4, "o")], 0);
  await file.datasync();
  await system.syncDirectory("/d");
  await system.syncDirectory("/");
  return { disk, system, file };
}

const filled = (sectors: number, letter: string): Uint8Array =>
  new Uint8Array(sectors * SECTOR).fill(letter.charCodeAt(0));
/** One letter a sector. */
const letters = (content: Uint8Array | undefined): string =>
  Buffer.from(content ?? [])
    .toString("latin1")
    .replaceAll(/(.)\1{511}/gs, "$1");
const failing =
  (type: Operation["type"], code: string) =>
  (operation: Operation): Fault | undefined =>
    operation.type === type ? { type: "error", code } : undefined;

describe("a power cut", () => {
  test("takes what was not synced, and leaves what was", async () => {
    const { disk, file } = await setUp();
    await file.write([filled(2, "n")], 0);
    expect(letters(disk.files().get("/d/f"))).toBe("nnoo");
    expect(letters(disk.durableFiles().get("/d/f"))).toBe("oooo");
    expect([...disk.durableFiles("/d").keys()]).toEqual(["/d/f"]);
    expect(disk.durableFiles("/d/f").size).toBe(0);
    expect(disk.unsynced()).toEqual({ sectors: 2, names: 0 });
    expect(disk.powerCut("nothing")).toMatchObject({
      unsyncedSectors: 2,
      lostSectors: 2,
      reordered: false,
    });
    expect(letters(disk.files().get("/d/f"))).toBe("oooo");
  });

  test("leaves what was written durably, and takes what was written beside it", async () => {
    const { disk, system, file } = await setUp({ durableWrites: true });
    await file.write([filled(3, "n")], 0);
    const durably = await system.open("/d/f", "existing", "durable");
    await durably.write([filled(1, "d")], SECTOR);
    expect(durably.writesDurably).toBe(true);
    expect(disk.unsynced()).toEqual({ sectors: 2, names: 0 });
    disk.powerCut("nothing");
    expect(letters(disk.files().get("/d/f"))).toBe("odoo");
  });

  test("may leave any part of a durable write that failed", async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      const { disk, system } = await setUp({ durableWrites: true, random: seeded(seed) });
      const file = await system.open("/d/f", "existing", "durable");
      disk.setFault(failing("datasync", "EIO"));
      await expect(file.write([filled(2, "n")], 0)).rejects.toMatchObject({ code: "EIO" });
      found.add(letters(disk.durableFiles().get("/d/f")));
    }
    expect([...found].toSorted()).toEqual(["nnoo", "nooo", "onoo", "oooo"]);
  });

  test("leaves everything where it is told to", async () => {
    const { disk, file } = await setUp();
    await file.write([filled(2, "n")], 0);
    expect(disk.powerCut("everything")).toMatchObject({ unsyncedSectors: 2, lostSectors: 0 });
    expect(letters(disk.files().get("/d/f"))).toBe("nnoo");
  });

  test("tears the last write: the older sectors are there, the newer ones not", async () => {
    for (let seed = 1; seed < 20; seed++) {
      const { disk, file } = await setUp({ random: seeded(seed) });
      await file.write([filled(4, "n")], 0);
      expect(disk.powerCut("prefix").reordered).toBe(false);
      expect(letters(disk.files().get("/d/f"))).toMatch(/^n{1,3}o{1,3}$/);
    }
  });

  test("keeps any subset of the sectors, a later one without an earlier one too", async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed < 60; seed++) {
      const { disk, file } = await setUp({ random: seeded(seed) });
      for (let i = 0; i < 3; i++) await file.write([filled(1, "abc".charAt(i))], i * SECTOR);
      const { reordered } = disk.powerCut("any");
      const found = letters(disk.files().get("/d/f")).slice(0, 3);
      expect(reordered).toBe(/o.*[abc]/.test(found));
      seen.add(found);
    }
    expect(seen.size).toBe(8);
  });

  test("reorders where it is told to: a later sector without an earlier one", async () => {
    for (let seed = 1; seed < 40; seed++) {
      const { disk, file } = await setUp({ random: seeded(seed) });
      await file.write([filled(2 + (seed % 3), "n")], 0);
      expect(disk.powerCut("reordered").reordered).toBe(true);
      expect(letters(disk.files().get("/d/f"))).toMatch(/on/);
    }
  });

  test("takes names that were not synced: of new files, and of renames, which then never happened", async () => {
    const { disk, system } = await setUp();
    const created = await system.open("/d/new", "create");
    await created.write([filled(1, "x")], 0);
    await created.datasync();
    await system.rename("/d/f", "/d/g");
    expect([...disk.files().keys()]).toEqual(["/d/new", "/d/g"]);
    expect(disk.unsynced().names).toBe(2);
    expect(disk.powerCut("nothing")).toMatchObject({ unsyncedNames: 2, lostNames: 2 });
    expect([...disk.files().keys()]).toEqual(["/d/f"]);
  });

  test("ends the processes: whatever they do next reaches nothing", async () => {
    const { disk, file, system } = await setUp();
    disk.powerCut();
    await expect(file.write([filled(1, "x")], 0)).rejects.toThrow("gone");
    await expect(system.rename("/d/f", "/d/g")).rejects.toThrow("gone");
    expect(letters(disk.files().get("/d/f"))).toBe("oooo");
  });
});

test("the end of a process takes nothing of what it wrote", async () => {
  const { disk, file } = await setUp();
  await file.write([filled(1, "n")], 0);
  disk.kill();
  await expect(file.write([filled(1, "x")], 0)).rejects.toThrow("gone");
  expect(letters(disk.files().get("/d/f"))).toBe("nooo");
});

test("after a failed sync another one succeeds, and yet what was written is not durable", async () => {
  let lost = 0;
  for (let seed = 1; seed < 20; seed++) {
    const { disk, file } = await setUp({ random: seeded(seed) });
    await file.write([filled(4, "n")], 0);
    disk.setFault(failing("datasync", "EIO"));
    await expect(file.datasync()).rejects.toMatchObject({ code: "EIO" });
    disk.setFault(undefined);
    await file.datasync();
    if (letters(disk.durableFiles().get("/d/f")) !== "nnnn") lost++;
  }
  expect(lost).toBeGreaterThan(5);
});

test("a full disk takes what fits, then nothing, but lets what is there be overwritten; space that is freed is free", async () => {
  const { disk, file, system } = await setUp({ capacityBytes: 5 * SECTOR });
  expect(disk.usedBytes()).toBe(4 * SECTOR);
  expect(await file.write([filled(3, "n")], 3 * SECTOR)).toBe(2 * SECTOR);
  await expect(file.write([filled(1, "n")], 5 * SECTOR)).rejects.toMatchObject({ code: "ENOSPC" });
  expect(await file.write([filled(2, "m")], 0)).toBe(2 * SECTOR);
  await system.unlink("/d/f");
  const other = await system.open("/d/other", "create");
  expect(await other.write([filled(5, "n")], 0)).toBe(5 * SECTOR);
  disk.setCapacity(6 * SECTOR);
  expect(await other.write([filled(1, "n")], 5 * SECTOR)).toBe(SECTOR);
});

test("a flipped bit stays flipped, synced or not", async () => {
  const { disk } = await setUp();
  expect(disk.flip("/d/f", 700, 1)).toBe(true);
  expect(disk.flip("/d/f", 4 * SECTOR, 1)).toBe(false);
  expect(disk.flip("/d/nothing", 0, 1)).toBe(false);
  disk.powerCut();
  expect(disk.files().get("/d/f")?.[700]).toBe("o".charCodeAt(0) ^ 1);
});

test("an operation takes effect after its delay and is answered later; whoever is gone meanwhile never hears of it", async () => {
  const steps: string[] = [];
  const waits = { delay: Promise.resolve(), answer: Promise.resolve() };
  const { disk, file } = await setUp({
    delay: () => waits.delay,
    answer: () => waits.answer,
    onOutcome: ({ type, path }) => steps.push(`${type} ${path}`),
  });
  steps.length = 0;
  let tell: () => void = () => undefined;
  waits.answer = new Promise((resolve) => {
    tell = resolve;
  });
  const written = file.write([filled(1, "n")], 0).then(
    () => "answered",
    () => "gone",
  );
  await Promise.resolve();
  await Promise.resolve();
  expect(steps).toEqual(["write /d/f"]);
  disk.kill();
  tell();
  expect(await written).toBe("gone");
  expect(letters(disk.files().get("/d/f"))).toBe("nooo");
});

test("an open file is known by its new name", async () => {
  const paths: string[] = [];
  const { system, file } = await setUp({
    onOutcome: ({ type, path }) => {
      if (type === "write") paths.push(path);
    },
  });
  await system.rename("/d/f", "/d/g");
  await file.write([filled(1, "n")], 0);
  expect(paths).toEqual(["/d/f", "/d/g"]);
});
