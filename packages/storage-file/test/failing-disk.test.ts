// A disk that says no. A failed write ends the log for good; a failure in the background waits
// until it matters.
import { createFileLog } from "@raftkit/storage-file";
import type { LogEvent } from "@raftkit/storage-file";
import { InvariantViolation } from "@raftkit/core";
import { describe, expect, test } from "vitest";
import { append, appendBytes, contentOf, identity, listed, seeded } from "./support/logs.js";
import type { Fault, Operation } from "@raftkit/storage-file/simulated-disk";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";

const directory = "/data";
const segmentBytes = 8192;

function setUp(capacityBytes = Infinity) {
  const disk = createSimulatedDisk({ random: seeded(1), capacityBytes });
  const events: LogEvent[] = [];
  const log = createFileLog({
    directory,
    fileSystem: disk.boot(),
    segmentBytes,
    random: seeded(1),
    onEvent: (event) => events.push(event),
  });
  return { disk, events, log };
}

/** Lets everything happen that needs no further input. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

describe("a failed write", () => {
  test.each<[string, Operation["type"], string]>([
    ["datasync", "datasync", "EIO"],
    ["write", "write", "ENOSPC"],
  ])("ends the log for good: %s", async (_, type, code) => {
    const { disk, log } = setUp();
    await log.open(identity);
    await settle();
    await log.write([append(1, 1, "a")]);
    let failures = 0;
    disk.setFault((operation): Fault | undefined =>
      operation.type === type && failures++ === 0 ? { type: "error", code } : undefined,
    );
    const failed = await log.write([append(2, 1, "b")]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "STORAGE_WRITE_FAILED", cause: { code } });
    const count = disk.operations;
    await expect(log.write([append(2, 1, "b")])).rejects.toBe(failed);
    expect(disk.operations).toBe(count);
    await log.close();
    expect([...disk.files().keys()]).not.toContain("/data/closed.json");
  });

  test("of which the disk takes only a part says that the disk is full, and ends the log", async () => {
    const { disk, log } = setUp();
    await log.open(identity);
    await settle();
    disk.setFault(({ type }) => (type === "write" ? { type: "short", bytes: 10 } : undefined));
    const failed = await log.write([append(1, 1, "a")]).catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: "STORAGE_WRITE_FAILED",
      cause: { code: "ENOSPC", message: expect.stringContaining("10 bytes") as string },
    });
    await expect(log.write([append(1, 1, "a")])).rejects.toBe(failed);
    await log.close();
  });

  test("what the next opening returns is durable, though the page cache said so before it was", async () => {
    let found = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const disk = createSimulatedDisk({ random: seeded(seed) });
      const make = () =>
        createFileLog({ directory, fileSystem: disk.boot(), segmentBytes, random: seeded(seed) });
      const log = make();
      await log.open(identity);
      await settle();
      await log.write([append(1, 1, "a")]);
      disk.setFault(({ type }) =>
        type === "datasync" ? { type: "error", code: "EIO" } : undefined,
      );
      await expect(log.write([append(2, 1, "b")])).rejects.toMatchObject({
        code: "STORAGE_WRITE_FAILED",
      });
      disk.setFault(undefined);
      disk.kill();
      const returned = contentOf(await make().open(identity));
      if (returned.includes("2:1:b")) found++;
      disk.powerCut();
      expect(contentOf(await make().open(identity)), `seed ${seed}`).toBe(returned);
    }
    expect(found).toBeGreaterThan(5);
  });

  test("an operation that doesn't fit is refused before anything is written, and ends the log", async () => {
    const { disk, log } = setUp();
    await log.open(identity);
    await settle();
    const count = disk.operations;
    await expect(log.write([append(1, 1, "a"), append(3, 1, "c")])).rejects.toBeInstanceOf(
      InvariantViolation,
    );
    await expect(log.write([append(1, 1, "a")])).rejects.toBeInstanceOf(InvariantViolation);
    expect(disk.operations).toBe(count);
  });

  test("while opening, the refusal says so, and another try works", async () => {
    const { disk, log } = setUp();
    disk.setFault(({ type }) => (type === "datasync" ? { type: "error", code: "EIO" } : undefined));
    await expect(log.open(identity)).rejects.toMatchObject({ code: "STORAGE_WRITE_FAILED" });
    disk.setFault(undefined);
    expect((await log.open(identity)).entries).toEqual([]);
  });
});

describe("failures in the background", () => {
  test("a full disk stops the filling ahead, not the writes into the current segment; it fails the write that needs space", async () => {
    const { events, log } = setUp(segmentBytes + 2000);
    await log.open(identity);
    await settle();
    expect(events).toMatchObject([
      { type: "backgroundFailed", task: "fillAhead", error: { code: "ENOSPC" } },
    ]);
    await log.write([appendBytes(1, 1, 1000)]);
    await log.write([appendBytes(2, 1, 1000)]);
    await expect(log.write([appendBytes(3, 1, 3000)])).rejects.toMatchObject({
      code: "STORAGE_WRITE_FAILED",
      cause: { code: "ENOSPC" },
    });
  });

  test("space that is free again when it is needed is used", async () => {
    const { disk, events, log } = setUp();
    disk.setFault(({ type, path }) =>
      type === "write" && path.endsWith("filling.tmp") && disk.files().has("/data/identity.json")
        ? { type: "error", code: "ENOSPC" }
        : undefined,
    );
    await log.open(identity);
    await settle();
    expect(events).toMatchObject([{ type: "backgroundFailed", task: "fillAhead" }]);
    disk.setFault(undefined);
    for (let i = 1; i < 10; i++) await log.write([appendBytes(i, 1, 2000)]);
    await log.close();
    expect(listed((await log.open(identity)).entries)).toHaveLength(9);
  });

  test("a segment that can't be removed is reported and removed by a later opening", async () => {
    const { disk, events, log } = setUp();
    await log.open(identity);
    disk.setFault(({ type, path }) =>
      (type === "unlink" || type === "rename") && path.endsWith(".seg")
        ? { type: "error", code: "EACCES" }
        : undefined,
    );
    for (let i = 1; i < 10; i++) await log.write([appendBytes(i, 1, 2000)]);
    await log.write([{ type: "compactThrough", index: 9, term: 1 }]);
    await settle();
    expect(events).toMatchObject([
      { type: "backgroundFailed", task: "removeSegments", error: { code: "EACCES" } },
    ]);
    disk.setFault(undefined);
    await log.close();
    const first = "/data/log-0000000001.seg";
    expect(disk.files().has(first)).toBe(true);
    expect((await log.open(identity)).base.index).toBe(9);
    await settle();
    expect(disk.files().has(first)).toBe(false);
  });
});

test("after a removal that may have failed half way nothing more is removed", async () => {
  const { disk, events, log } = setUp();
  await log.open(identity);
  for (let i = 1; i < 10; i++) await log.write([appendBytes(i, 1, 2000)]);
  await settle();
  const removals: string[] = [];
  let failures = 0;
  disk.setFault(({ type, path }) => {
    const isRemoval = (type === "unlink" || type === "rename") && path.endsWith(".seg");
    if (isRemoval) removals.push(path);
    return isRemoval && failures++ === 0 ? { type: "error", code: "EIO" } : undefined;
  });
  for (let i = 10; i < 14; i++) {
    await log.write([appendBytes(i, 1, 2000), { type: "compactThrough", index: i - 1, term: 1 }]);
    await settle();
  }
  expect(removals).toEqual(["/data/log-0000000001.seg"]);
  expect(events).toMatchObject([
    { type: "backgroundFailed", task: "removeSegments", error: { code: "EIO" } },
  ]);
});

test("no file stays open, however many segments there were", async () => {
  const { disk, log } = setUp();
  let opened = 0;
  disk.setFault(({ type }) => {
    if (type === "open" || type === "create") opened++;
    if (type === "close") opened--;
    return undefined;
  });
  await log.open(identity);
  for (let i = 1; i < 30; i++) {
    await log.write([appendBytes(i, 1, 3000)]);
    await settle();
    expect(opened).toBeLessThanOrEqual(3);
  }
  await log.close();
  expect(opened).toBe(0);
});

test("a name that only the page cache knew when the process died is made durable before it is relied on", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = createSimulatedDisk({ random: seeded(seed) });
    const options = { directory, segmentBytes, random: seeded(seed) };
    let named = false;
    disk.setFault(({ type, path }) => {
      if (
        type === "rename" &&
        path.endsWith("filling.tmp") &&
        disk.files().has("/data/identity.json")
      ) {
        named = true;
      } // not the first one
      if (type === "syncDirectory" && named) disk.kill();
      return undefined;
    });
    await createFileLog({ ...options, fileSystem: disk.boot() }).open(identity);
    await settle();
    expect(disk.files().has("/data/log-0000000002.seg")).toBe(true);
    // No further segment is made: what that would sync can't help.
    disk.setFault(({ type, path }) =>
      type === "create" && path.endsWith("filling.tmp")
        ? { type: "error", code: "ENOSPC" }
        : undefined,
    );
    const again = createFileLog({ ...options, fileSystem: disk.boot() });
    await again.open(identity);
    for (let i = 1; i < 3; i++) await again.write([appendBytes(i, 1, 3000)]);
    disk.powerCut();
    disk.setFault(undefined);
    expect(
      listed((await createFileLog({ ...options, fileSystem: disk.boot() }).open(identity)).entries),
      `seed ${seed}`,
    ).toHaveLength(2);
  }
});

test("a close that has ended is durable: after a power cut the log must end where it did", async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const disk = createSimulatedDisk({ random: seeded(seed) });
    const log = createFileLog({
      directory,
      fileSystem: disk.boot(),
      segmentBytes,
      random: seeded(seed),
    });
    await log.open(identity);
    await log.write([append(1, 1, "a")]);
    await log.close();
    disk.powerCut();
    expect([...disk.files().keys()], `seed ${seed}`).toContain("/data/closed.json");
  }
});

test("compacted segments are used again: the directory doesn't grow", async () => {
  const { disk, log } = setUp();
  await log.open(identity);
  for (let i = 1; i < 200; i++) {
    await log.write([appendBytes(i, 1, 2000)]);
    if (i % 5 === 0) await log.write([{ type: "compactThrough", index: i - 1, term: 1 }]);
    await settle();
    expect(
      [...disk.files().keys()].filter((path) => path.endsWith(".seg") || path.endsWith(".tmp"))
        .length,
    ).toBeLessThan(9);
  }
  disk.kill();
  const opened = await createFileLog({ directory, fileSystem: disk.boot(), segmentBytes }).open(
    identity,
  );
  expect(opened.base.index).toBe(194);
  expect(listed(opened.entries).map((line) => line.split(":", 1)[0])).toEqual([
    "195",
    "196",
    "197",
    "198",
    "199",
  ]);
});

test.each([[{ count: 2 }], [{ count: 0 }], [{ bytes: new Uint8Array(5) }]])(
  "a run that is none is refused: %o",
  async (wrong) => {
    const { log } = setUp();
    await log.open(identity);
    const operation = append(1, 1, "a");
    await expect(
      log.write([
        operation.type === "append"
          ? { type: "append", run: { ...operation.run, ...wrong } }
          : operation,
      ]),
    ).rejects.toBeInstanceOf(InvariantViolation);
  },
);
