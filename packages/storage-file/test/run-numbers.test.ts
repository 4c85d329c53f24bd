// The number of a run never comes twice: after kills, after the directory was put back to an earlier
// state, whatever the wall clock says.
import { createFileLog } from "@raftkit/storage-file";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { describe, expect, test } from "vitest";
import { append, identity, seeded } from "./support/logs.js";

function setUp(now = 1000) {
  const disk = createSimulatedDisk({ random: seeded(1) });
  const clock = { now };
  const make = () =>
    createFileLog({
      directory: "/data",
      segmentBytes: 8192,
      random: seeded(1),
      wallClock: () => clock.now,
      fileSystem: disk.boot(),
    });
  /** Opens, and ends the process without closing. */
  async function openAndKill(): Promise<number> {
    const { run } = await make().open(identity);
    disk.kill();
    return run;
  }
  return { disk, clock, make, openAndKill };
}

describe("the number of a run", () => {
  test("is the wall clock's, in milliseconds, by default too", async () => {
    expect(await setUp(1234.9).openAndKill()).toBe(1234);
    const before = Date.now();
    const disk = createSimulatedDisk({ random: seeded(1) });
    const { run } = await createFileLog({ directory: "/data", fileSystem: disk.boot() }).open(
      identity,
    );
    expect(run).toBeGreaterThanOrEqual(before);
    expect(run).toBeLessThanOrEqual(Date.now());
  });

  test("increases within a millisecond, when the clock goes back, and when it was a year ahead", async () => {
    const { clock, openAndKill } = setUp();
    const runs: number[] = [];
    for (const now of [1000, 1000, 1000, 10, 0, -5, Number.NaN, 31_536_001_000, 2000, 2001]) {
      clock.now = now;
      runs.push(await openAndKill());
    }
    expect(runs).toEqual([
      1000, 1001, 1002, 1003, 1004, 1005, 1006, 31_536_001_000, 31_536_001_001, 31_536_001_002,
    ]);
  });

  test("leaves room whatever the clock says", async () => {
    const { openAndKill } = setUp(Infinity);
    expect([await openAndKill(), await openAndKill()]).toEqual([2 ** 47, 2 ** 47 + 1]);
  });

  test("is durable when open resolves: it outlives a power cut right then, twice in a row", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const disk = createSimulatedDisk({ random: seeded(seed) });
      const runs: number[] = [];
      for (let i = 0; i < 3; i++) {
        const log = createFileLog({
          directory: "/data",
          segmentBytes: 8192,
          wallClock: () => 0,
          fileSystem: disk.boot(),
        });
        runs.push((await log.open(identity)).run);
        disk.powerCut("nothing");
      }
      expect(runs).toEqual([1, 2, 3]);
    }
  });

  test("of a directory that was put back to an earlier state was never given out before", async () => {
    const { disk, clock, make, openAndKill } = setUp();
    const log = make();
    const runs = [(await log.open(identity)).run];
    await log.write([append(1, 1, "a")]);
    await log.close();
    const copy = disk.files();
    for (let i = 0; i < 3; i++) {
      clock.now += 50;
      runs.push(await openAndKill());
    }
    for (const path of disk.files().keys()) disk.tamper(path, undefined);
    for (const [path, content] of copy) disk.tamper(path, content);
    clock.now += 50;
    runs.push(await openAndKill());
    expect(runs).toEqual([1000, 1050, 1100, 1150, 1200]);
  });
});
