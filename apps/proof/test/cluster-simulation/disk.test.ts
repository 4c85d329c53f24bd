// The disk of a simulated computer in virtual time: who waits for it, who hears of it, and what it
// knows to be durable.
import type { LogOperation } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import { describe, expect, test } from "vitest";
import { createRandom } from "@raftkit/simulation";
import { pickRot } from "../../src/cluster-simulation/rot.js";
import { buildDisk } from "./support/disk.js";

const append = (firstIndex: number, bytes = 10): LogOperation => ({
  type: "append",
  run: encodeRun(firstIndex, 1, EntryKind.command, [new Uint8Array(bytes).fill(firstIndex)]),
});

describe("a disk in virtual time", () => {
  test("takes its time, and knows what is durable when it is", async () => {
    const { time, disk, seen, go, follow, log } = await buildDisk();
    const write = follow(log.write([append(1)]));
    expect(disk.durable.log.lastIndex).toBe(0);
    await go(time.now() + 0.1);
    expect(write.ended()).toBe("open");
    await go(time.now() + 5);
    expect(write.ended()).toBe("done");
    expect(seen).toContain("durable");
    expect(disk.durable.log.lastIndex).toBe(1);
  });

  test("slow, it says so and takes longer; hung, it ends nothing until it is resumed", async () => {
    const { time, disk, seen, go, follow, log } = await buildDisk();
    disk.setSlowness(100);
    const slow = follow(log.write([append(1)]));
    await go(time.now() + 15);
    expect(slow.ended()).toBe("open");
    await go(time.now() + 200);
    expect([slow.ended(), seen.includes("slowDisk")]).toEqual(["done", true]);
    disk.setSlowness(1);
    disk.hang();
    const hung = follow(log.write([append(2)]));
    await go(time.now() + 5000);
    expect([hung.ended(), seen.includes("hungDisk")]).toEqual(["open", true]);
    disk.resume();
    await go(time.now() + 5);
    expect(hung.ended()).toBe("done");
  });

  test("works on while the process is kept from running, which hears of it later", async () => {
    for (let i = 0; i < 12; i++) {
      const { time, disk, go, follow, process, log } = await buildDisk();
      const write = follow(log.write([append(1)]));
      process.stallFor(100);
      await go(time.now() + 50);
      expect(write.ended()).toBe("open");
      await go(time.now() + 60);
      expect([write.ended(), disk.durable.log.lastIndex]).toEqual(["done", 1]);
    }
  });

  test("a failed sync fails the write, makes nothing durable, and the log writes no more", async () => {
    const { time, disk, seen, go, follow, log } = await buildDisk();
    disk.failNextSync();
    const failed = follow(log.write([append(1)]));
    await go(time.now() + 5);
    expect(failed.ended()).toContain("EIO");
    expect([seen.includes("failedSync"), disk.durable.log.lastIndex]).toEqual([true, 0]);
    const next = follow(log.write([append(1)]));
    await go(time.now() + 5);
    expect(next.ended()).toContain("EIO");
  });

  test("a full disk fails the write that needs space", async () => {
    const { time, disk, go, follow, log } = await buildDisk();
    disk.setFree(0);
    let how = "done";
    for (let i = 1; i < 20 && how === "done"; i++) {
      const write = follow(log.write([append(i, 2000)]));
      await go(time.now() + 10);
      how = write.ended();
    }
    expect(how).toContain("ENOSPC");
  });

  test("a full disk that copies on write fails what only overwrites", async () => {
    const { time, disk, go, follow, log } = await buildDisk();
    const takeBack = disk.fillAfter(1);
    const first = follow(log.write([append(1, 10)]));
    await go(time.now() + 10);
    expect(first.ended()).toBe("done");
    const second = follow(log.write([append(2, 10)]));
    await go(time.now() + 10);
    expect(second.ended()).toContain("ENOSPC");
    takeBack();
  });

  test("a process that is gone writes nothing and hears nothing", async () => {
    const { time, disk, go, follow, process, log, open, broken } = await buildDisk();
    const write = follow(log.write([append(1)]));
    process.stop();
    disk.kill();
    const late = follow(log.write([append(2)]));
    await go(time.now() + 1000);
    expect([write.ended(), late.ended()]).toEqual(["open", "open"]);
    await open();
    expect(broken).toEqual([]);
  });

  test("a trap stops a process right behind an operation", async () => {
    const { time, disk, go, follow, process, log, open, broken } = await buildDisk();
    const paths: string[] = [];
    disk.setTrap(({ operation, when }) => {
      if (when !== "after" || operation.type !== "write" || !operation.path.endsWith(".seg")) {
        return false;
      }
      paths.push(operation.path);
      process.stop();
      disk.powerCut("nothing");
      return true;
    });
    const write = follow(log.write([append(1)]));
    await go(time.now() + 100);
    expect([write.ended(), paths]).toEqual(["open", ["/data/log-0000000001.seg"]]);
    expect((await open()).opened.entries).toEqual([]);
    expect(broken).toEqual([]);
  });

  test("rot is refused by the next opening, unless it hit nothing", async () => {
    const outcomes = { refused: 0, harmless: 0 };
    for (let i = 0; i < 30; i++) {
      const { time, disk, broken, go, follow, process, log, open } = await buildDisk();
      for (let index = 1; index < 5 + i; index++) {
        follow(log.write([append(index, 300)]));
        await go(time.now() + 10);
      }
      process.stop();
      disk.kill();
      disk.rot();
      await open().then(
        () => outcomes.harmless++,
        () => outcomes.refused++,
      );
      expect(broken).toEqual([]);
    }
    expect(outcomes.refused).toBeGreaterThan(10);
  });
});

describe("what a storage promises is held against it", () => {
  test("an opening without what was acknowledged", async () => {
    let isLying = false;
    const { time, disk, broken, go, follow, process, log, open } = await buildDisk((real) => ({
      ...real,
      open: async (path, mode) => {
        const handle = await real.open(path, mode);
        return { ...handle, datasync: async () => (isLying ? undefined : handle.datasync()) };
      },
    }));
    isLying = true;
    const write = follow(log.write([append(1)]));
    await go(time.now() + 10);
    expect([write.ended(), disk.durable.log.lastIndex]).toEqual(["done", 0]);
    process.stop();
    disk.powerCut("nothing");
    await open();
    expect(broken).toEqual([expect.stringContaining("an opening found")]);
  });

  test("another data directory than before, and what a wiped disk held is forgotten", async () => {
    const { disk, broken, process, open } = await buildDisk();
    const before = disk.incarnation;
    process.stop();
    disk.wipe();
    expect(disk.incarnation).toBeUndefined();
    await open();
    expect(disk.incarnation).not.toBe(before);
    expect(broken).toEqual([]);
  });

  test("a copy of what is durable reads the same", async () => {
    const { time, disk, go, follow, log } = await buildDisk();
    for (let index = 1; index < 30; index++) {
      follow(log.write([append(index, 500)]));
      await go(time.now() + 5);
    }
    expect(disk.durable.log.lastIndex).toBe(29);
    expect(await disk.reread()).toBeUndefined();
  });
});

test("the last frame of a log that was not closed never rots", () => {
  const segment = new Uint8Array(8192);
  const view = new DataView(segment.buffer);
  view.setBigUint64(16, 77n);
  for (const at of [4096, 4096 + 64]) {
    view.setBigUint64(at + 8, 77n);
    view.setUint32(at + 4, 32, true);
  }
  const random = createRandom(5);
  const files = new Map([["/data/log-0000000001.seg", segment]]);
  let first = 0;
  for (let i = 0; i < 2000; i++) {
    const at = pickRot(files, random)?.at ?? 0;
    expect(at >= 4160 && at < 4224).toBe(false);
    if (at >= 4096 && at < 4160) first++;
  }
  expect(first).toBeGreaterThan(1000);
});
