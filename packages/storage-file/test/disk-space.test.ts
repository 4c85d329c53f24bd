// A disk that gets full, and has room again. What the log holds in reserve is enough to go on until
// then, and says so before it is needed.
import { createFileLog, createFileSnapshots } from "@raftkit/storage-file";
import type { FileLogOptions, LogEvent } from "@raftkit/storage-file";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { describe, expect, test } from "vitest";
import {
  append,
  appendBytes,
  identity,
  listed,
  memberNamed,
  Model,
  seeded,
  vote,
} from "./support/logs.js";
import { dataAt, positionAt } from "./support/snapshots.js";

const directory = "/data";
const segmentBytes = 16_384;

/** Lets everything happen that needs no further input. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

function setUp(options: Partial<FileLogOptions> = {}) {
  const disk = createSimulatedDisk({ random: seeded(1) });
  const events: LogEvent[] = [];
  const said: boolean[] = [];
  const waiting = new Map<() => void, number>();
  const make = () =>
    createFileLog({
      directory,
      fileSystem: disk.boot(),
      segmentBytes,
      random: seeded(1),
      schedule(ms, run) {
        waiting.set(run, ms);
        return () => void waiting.delete(run);
      },
      onEvent: (event) => events.push(event),
      ...options,
    });
  const log = make();
  return {
    disk,
    events,
    said,
    log,
    make,
    /** Milliseconds until space is looked for again. */
    pauses: () => [...waiting.values()],
    open: (one = log) => one.open(identity, (isShort) => said.push(isShort)),
    /** The pauses are over. */
    wait: async () => {
      const due = [...waiting.keys()];
      waiting.clear();
      for (const run of due) run();
      await settle();
    },
  };
}

/** A log whose next segment found no room: what is left is the reserve. */
async function full() {
  const all = setUp();
  all.disk.setCapacity(segmentBytes + 3000);
  await all.open();
  await settle();
  return all;
}

describe("a full disk", () => {
  test("is said before a write fails, and half a segment is left then", async () => {
    const { disk, log, said, open } = setUp();
    await open();
    await settle();
    disk.setCapacity(disk.usedBytes());
    let written = 0;
    let left = 0;
    for (; said.length === 0 && written < 100; written++) {
      await log.write([appendBytes(written + 1, 1, 500)]);
    }
    expect(said).toEqual([true]);
    for (; left < segmentBytes / 2 / 600; left++) {
      await log.write([appendBytes(written + left + 1, 1, 500)]);
    }
    expect(said).toEqual([true]);
    await log.close();
    expect(listed((await log.open(identity)).entries)).toHaveLength(written + left);
  });

  test("leaves as much when it is slow to say so", async () => {
    let held: (() => void) | undefined;
    let isSlow = false;
    const disk = createSimulatedDisk({
      random: seeded(1),
      delay: ({ type, path }) =>
        isSlow && type === "write" && path.endsWith("filling.tmp")
          ? new Promise<void>((resolve) => (held = resolve))
          : undefined,
    });
    const { log, said, open } = setUp({ fileSystem: disk.boot() });
    await open();
    await settle();
    isSlow = true;
    let count = 0;
    while (held === undefined && count < 100) await log.write([appendBytes(++count, 1, 500)]);
    disk.setCapacity(disk.usedBytes());
    let ended = count;
    const begun = count;
    const last = (async () => {
      while (count < 200) {
        await log.write([appendBytes(++count, 1, 500)]);
        ended = count;
      }
    })().catch((error: unknown) => error);
    await settle();
    expect(ended - begun).toBeLessThan(segmentBytes / 2 / 500);
    expect(said).toEqual([]);
    const waitedFor = ended;
    isSlow = false;
    held?.();
    await last;
    expect(said).toEqual([true]);
    expect(ended - waitedFor).toBeGreaterThanOrEqual(segmentBytes / 2 / 600);
  });

  test("keeps a reserve for terms, votes and no-ops; a write beyond it fails and says what to do", async () => {
    const { log, open, said, disk, make, wait } = await full();
    expect(said).toEqual([true]);
    for (let term = 1; term <= 50; term++) {
      await log.write([vote(term, "n1"), append(term, term, "")]);
    }
    let failure: unknown;
    for (let i = 51; i < 100 && failure === undefined; i++) {
      failure = await log.write([appendBytes(i, 50, 1000)]).then(
        () => undefined,
        (error: unknown) => error,
      );
    }
    expect(failure).toMatchObject({
      code: "STORAGE_WRITE_FAILED",
      message: expect.stringContaining("free space, then start the node again"),
      cause: { code: "ENOSPC" },
    });
    disk.setCapacity(Infinity);
    await wait();
    await expect(log.write([vote(51, null)])).rejects.toBe(failure);
    expect(said).toEqual([true]);
    await log.close();
    const { hardState } = await open(make());
    expect(hardState).toEqual({ currentTerm: 50, votedFor: memberNamed("n1") });
  });

  test("of a log that has failed is no news any more", async () => {
    const { disk, log, said, wait } = await full();
    disk.setFault(({ type }) => (type === "datasync" ? { type: "error", code: "EIO" } : undefined));
    await expect(log.write([vote(1, "n1")])).rejects.toMatchObject({ cause: { code: "EIO" } });
    disk.setFault(undefined);
    disk.setCapacity(Infinity);
    await wait();
    expect(said).toEqual([true]);
  });

  test("holds no more than it needs: what the next segment got is free again", async () => {
    const { disk } = await full();
    expect([...disk.files().keys()].filter((path) => path.endsWith(".tmp"))).toEqual([]);
  });

  test("is tried again after ever longer pauses, told of once, and over when there is room", async () => {
    const { disk, events, log, pauses, said, wait } = await full();
    const seen: number[] = [];
    for (let i = 0; i < 7; i++) {
      seen.push(...pauses());
      await wait();
    }
    expect(seen).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000]);
    expect(said).toEqual([true]);
    expect(events).toMatchObject([{ task: "fillAhead", error: { code: "ENOSPC" } }]);
    await log.write([append(1, 1, "a")]);
    disk.setCapacity(Infinity);
    await wait();
    expect(said).toEqual([true, false]);
    expect(pauses()).toEqual([]);
    for (let i = 2; i < 40; i++) await log.write([appendBytes(i, 1, 3000)]);
    await log.close();
    expect(listed((await log.open(identity)).entries)).toHaveLength(39);
    expect(events).toHaveLength(1);
  });

  test.each(["ENOSPC", "EDQUOT"])("is %s; another failure is no want of space", async (code) => {
    const { disk, open, said, pauses } = setUp();
    let failing = code;
    disk.setFault(({ type, path }) =>
      type === "write" && path.endsWith("filling.tmp") && disk.files().has("/data/identity.json")
        ? { type: "error", code: failing }
        : undefined,
    );
    await open();
    await settle();
    expect(said).toEqual([true]);
    const other = setUp();
    failing = "EMFILE";
    other.disk.setFault(({ type, path }) =>
      type === "write" &&
      path.endsWith("filling.tmp") &&
      other.disk.files().has("/data/identity.json")
        ? { type: "error", code: failing }
        : undefined,
    );
    await other.open();
    await settle();
    expect([other.said, other.pauses(), pauses()]).toEqual([[], [], [1000]]);
  });

  test("ends by compaction: that needs no room, for an old segment is used again", async () => {
    const { disk, log, said, open } = setUp();
    await open();
    await settle();
    disk.setCapacity(disk.usedBytes());
    let last = 0;
    while (said.length === 0) {
      await log.write([appendBytes(++last, 1, 500)]);
      await settle();
    }
    // Even what is let go of is others' at once.
    disk.setCapacity(0);
    await log.write([{ type: "compactThrough", index: last, term: 1 }]);
    await settle();
    expect(said).toEqual([true, false]);
    for (let i = 1; i < 25; i++) await log.write([appendBytes(last + i, 1, 500)]);
  });

  test("is not made so by a snapshot: one that finds no room takes nothing from the reserve", async () => {
    const { disk, log, said, open, wait } = setUp();
    await open();
    await settle();
    const snapshots = createFileSnapshots({
      directory,
      fileSystem: disk.boot(),
      random: seeded(2),
    });
    await snapshots.open(identity);
    disk.setCapacity(disk.usedBytes() + 5000);
    const sink = await snapshots.create(positionAt(20));
    await sink.write(dataAt(20, 4900));
    // Now the snapshot holds all there is, and the log goes on into its last segment.
    let last = 0;
    while (said.length === 0) {
      await log.write([appendBytes(++last, 1, 500)]);
      await settle();
    }
    await expect(sink.write(dataAt(20, 4900))).rejects.toMatchObject({
      code: "SNAPSHOT_WRITE_FAILED",
    });
    for (let i = 0; i < 10; i++) await log.write([appendBytes(++last, 1, 500)]);
    disk.setCapacity(Infinity);
    await wait();
    expect(said).toEqual([true, false]);
    await log.close();
    expect(listed((await log.open(identity)).entries)).toHaveLength(last);
  });
});

test("a kill or a power cut at every step while the disk is full: everything acknowledged is there, and the log goes on", async () => {
  for (let step = 1; ; step++) {
    const { disk, log, make, open, wait } = setUp();
    disk.setCapacity(segmentBytes + 2000);
    const model = new Model();
    let acknowledged = model.copy();
    let left = step;
    const cut = step % 2 === 0 ? "any" : "everything";
    disk.setFault(() => {
      if (--left === 0) disk.powerCut(cut);
      return undefined;
    });
    let isEnded = false;
    const story = (async () => {
      await open();
      await settle();
      for (let i = 1; i <= 14; i++) {
        const operations = [vote(i, "n1"), appendBytes(i, i, 400)];
        model.apply(operations);
        await log.write(operations);
        acknowledged = model.copy();
        if (i % 4 === 0) await wait();
        if (i === 11) disk.setCapacity(Infinity);
      }
    })().then(
      () => (isEnded = true),
      () => undefined,
    );
    // A process that is cut off never answers.
    for (let turn = 0; turn < 60; turn++) await settle();
    if (isEnded) await story;
    disk.setFault(undefined);
    disk.kill();
    disk.setCapacity(Infinity);
    const again = make();
    const { hardState, entries, base } = await open(again);
    const found = JSON.stringify({ base, hardState, entries: listed(entries) });
    expect([acknowledged.toString(), model.toString()], `step ${step}`).toContain(found);
    await again.write([appendBytes(listed(entries).length + 1, 99, 400)]);
    await again.close();
    if (left > 0) return;
  }
});
