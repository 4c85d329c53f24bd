// Every byte flipped, every length cut, files missing or swapped: what comes back is what was
// acknowledged, or a refusal.
import { createFileLog } from "@raftkit/storage-file";
import type { LogEvent } from "@raftkit/storage-file";
import { describe, expect, test } from "vitest";
import type { Files } from "./support/files.js";
import { directory, flipped, lastFrame, reopen, segmentBytes, withFile } from "./support/files.js";
import { append, appendBytes, contentOf, identity, seeded, vote } from "./support/logs.js";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";

const refusals = ["CORRUPT_LOG", "UNSUPPORTED_FORMAT"];

/**
 * A log over two segments: its files after a kill, before and after the last write, and after a
 * clean close.
 */
async function sample(
  seed = 1,
): Promise<{ before: string; after: string; beforeLast: Files; killed: Files; closed: Files }> {
  const disk = createSimulatedDisk({ random: seeded(seed) });
  const log = createFileLog({
    directory,
    fileSystem: disk.boot(),
    segmentBytes,
    random: seeded(seed),
  });
  await log.open(identity);
  await log.write([vote(1, "n1"), append(1, 1, "a", "b", "c")]);
  await log.write([appendBytes(4, 1, 3800)]);
  await log.write([{ type: "truncateFrom", index: 4 }, append(4, 2, "d"), vote(2, null)]);
  await log.write([{ type: "compactThrough", index: 1, term: 1 }, append(5, 2, "e")]);
  const beforeLast = disk.files();
  const before = await reopen(beforeLast);
  await log.write([append(6, 2, "f".repeat(300))]);
  const killed = disk.files();
  await log.close();
  return { before, after: await reopen(killed), beforeLast, killed, closed: disk.files() };
}

test("every bit flip in the last frame but one is damage: the good one behind it says so", async () => {
  const disk = createSimulatedDisk({ random: seeded(1) });
  const log = createFileLog({
    directory,
    fileSystem: disk.boot(),
    segmentBytes,
    random: seeded(1),
  });
  await log.open(identity);
  await log.write([append(1, 1, "a")]);
  const beforeLast = disk.files();
  await log.write([append(2, 1, "b")]);
  const frame = lastFrame(beforeLast, disk.files());
  await log.write([append(3, 1, "c")]);
  for (let at = frame.from; at < frame.to; at++) {
    expect(await reopen(flipped(disk.files(), frame.path, at, 1 << (at % 8))), `at ${at}`).toBe(
      "CORRUPT_LOG",
    );
  }
});

describe("cutting", () => {
  test("a segment at every byte is damage: it was made longer than that", async () => {
    const { killed, closed } = await sample();
    for (const files of [killed, closed]) {
      for (const [path, content] of files) {
        for (
          let length = 0;
          length < content.length;
          length += length < 4096 || length > 4800 ? 97 : 1
        ) {
          expect(
            await reopen(withFile(files, path, content.slice(0, length))),
            `${path} to ${length}`,
          ).toBe("CORRUPT_LOG");
        }
      }
    }
  }, 300_000);

  test("zeros from any byte on: the writes before, and never a part of one", async () => {
    const log = await sample();
    const last = lastFrame(log.beforeLast, log.killed);
    const content = log.killed.get(last.path) ?? new Uint8Array();
    for (let from = last.from; from <= last.to; from++) {
      const outcome = await reopen(withFile(log.killed, last.path, content.slice().fill(0, from)));
      expect(from <= last.from + 32 ? [log.before] : [log.before, log.after]).toContain(outcome);
    }
  });

  test("a frame larger than a segment, at any byte: it is gone whole, and what there was is put aside", async () => {
    const disk = createSimulatedDisk({ random: seeded(4) });
    const log = createFileLog({
      directory,
      fileSystem: disk.boot(),
      segmentBytes,
      random: seeded(4),
    });
    await log.open(identity);
    await log.write([append(1, 1, "a")]);
    const before = await reopen(disk.files());
    await log.write([appendBytes(2, 1, 30_000, 70_000)]);
    const after = await reopen(disk.files());
    expect(after.length).toBeGreaterThan(100_000);
    const [path, content] = [...disk.files()].find(([, bytes]) => bytes.length > 100_000) ?? [
      "",
      new Uint8Array(),
    ];
    const ahead = `${directory}/log-0000000003.seg`; // made once the frame is durable
    expect(disk.files().has(ahead)).toBe(true);
    const files = withFile(disk.files(), ahead, undefined);
    for (let length = segmentBytes; length < content.length; length += 977) {
      const events: LogEvent[] = [];
      expect(
        await reopen(withFile(files, path, content.slice(0, length)), events),
        `to ${length}`,
      ).toBe(before);
      expect(events).toMatchObject([
        { type: "tailCut", file: path, offset: 4096, bytes: length - 4096 },
      ]);
    }
  }, 300_000);
});

test("an interrupted write is reported once, and its bytes are kept", async () => {
  const log = await sample();
  const { path, from, to } = lastFrame(log.beforeLast, log.killed);
  const disk = createSimulatedDisk({ random: seeded(5) });
  const short = (log.killed.get(path) ?? new Uint8Array()).slice().fill(0, to - 40);
  for (const [name, content] of withFile(log.killed, path, short)) disk.tamper(name, content);
  const torn = disk.files().get(path)?.subarray(from, to);
  const events: LogEvent[] = [];
  for (let i = 0; i < 2; i++) {
    const file = createFileLog({
      directory,
      fileSystem: disk.boot(),
      segmentBytes,
      onEvent: (event) => events.push(event),
    });
    expect(contentOf(await file.open(identity))).toBe(log.before);
    disk.kill();
  }
  expect(events).toMatchObject([{ type: "tailCut", file: path, offset: from }]);
  const kept = events.flatMap((event) =>
    event.type === "tailCut" ? [disk.files().get(event.keptIn)] : [],
  )[0];
  expect(kept).toEqual(torn?.subarray(0, kept?.length));
  expect(torn?.subarray(kept?.length).every((byte) => byte === 0)).toBe(true);
});

describe("files that are missing or foreign", () => {
  test.each(["identity.json", "log-0000000001.seg", "log-0000000002.seg"])(
    "without %s the log is refused",
    async (name) => {
      const { killed, closed } = await sample();
      for (const files of [killed, closed]) {
        expect(await reopen(withFile(files, `${directory}/${name}`, undefined))).toBe(
          "CORRUPT_LOG",
        );
      }
    },
  );

  test("a segment of another data directory is refused", async () => {
    const [mine, other] = [await sample(1), await sample(9)];
    for (const name of ["log-0000000001.seg", "log-0000000002.seg"]) {
      expect(
        await reopen(
          withFile(mine.killed, `${directory}/${name}`, other.killed.get(`${directory}/${name}`)),
        ),
      ).toBe("CORRUPT_LOG");
    }
  });

  test("segments of two histories that parted, such as a copy that was put back, don't join", async () => {
    const start = createSimulatedDisk({ random: seeded(7) });
    const log = createFileLog({
      directory,
      fileSystem: start.boot(),
      segmentBytes,
      random: seeded(7),
    });
    await log.open(identity);
    await log.write([append(1, 1, "a")]);
    await log.close();
    const histories = await Promise.all(
      ["x", "y"].map(async (letter) => {
        const disk = createSimulatedDisk({ random: seeded(8) });
        for (const [path, content] of start.files()) disk.tamper(path, content);
        const history = createFileLog({ directory, fileSystem: disk.boot(), segmentBytes });
        await history.open(identity);
        for (let index = 2; index < 8; index++) {
          await history.write([append(index, 1, letter.repeat(1000))]);
        }
        return disk.files();
      }),
    );
    const [mine = new Map<string, Uint8Array>(), other = new Map<string, Uint8Array>()] = histories;
    const second = `${directory}/log-0000000002.seg`;
    expect(await reopen(mine)).toContain("7:1:x");
    expect(await reopen(withFile(mine, second, other.get(second)))).toBe("CORRUPT_LOG");
  });

  test("a directory that was left in the middle of its creation is begun anew", async () => {
    const { killed } = await sample();
    const fresh = createSimulatedDisk({ random: seeded(6) });
    const log = createFileLog({ directory, fileSystem: fresh.boot(), segmentBytes });
    fresh.setFault(({ type, path }) =>
      type === "create" && path.includes("identity") ? { type: "error", code: "EIO" } : undefined,
    );
    await expect(log.open(identity)).rejects.toMatchObject({ code: "STORAGE_WRITE_FAILED" });
    expect([...fresh.files().keys()]).toEqual(["/data/log-0000000001.seg"]);
    fresh.setFault(undefined);
    expect(await log.open(identity)).toMatchObject({ entries: [] });
    expect(killed.size).toBeGreaterThan(2);
  });

  test("a frame of an earlier use of the space is never taken for the next one", async () => {
    const [mine, other] = [await sample(1), await sample(9)];
    const { path, from, to } = lastFrame(mine.beforeLast, mine.killed);
    const content = (mine.beforeLast.get(path) ?? new Uint8Array()).slice();
    content.set((other.killed.get(path) ?? new Uint8Array()).subarray(from, to), from); // same place, number and length, another salt
    expect(await reopen(withFile(mine.beforeLast, path, content))).toBe("CORRUPT_LOG"); // no crash leaves it in zeros
  });
});

describe("flipping every byte", () => {
  test("of a log that was killed: nothing of a frame is taken for an interrupted write", async () => {
    const log = await sample();
    const last = lastFrame(log.beforeLast, log.killed);
    const surprises: string[] = [];
    for (const [path, content] of log.killed) {
      for (const at of content.keys()) {
        const isLast = path === last.path && at >= last.from && at < last.to;
        const isBehind = !isLast && path.endsWith(".seg") && at >= 4096 && content[at] === 0;
        if (!isLast && content[at] === 0 && at % 7 > 0) continue;
        const outcome = await reopen(flipped(log.killed, path, at, 1 << (at % 8)));
        if (![...refusals, ...(isBehind ? [log.after] : [])].includes(outcome)) {
          surprises.push(`${path} at ${at}: ${outcome}`);
        }
      }
    }
    expect(surprises).toEqual([]);
  }, 300_000);

  test("of a log that was closed: nothing is taken for an interrupted write", async () => {
    const log = await sample();
    const { closed, after } = log;
    const last = lastFrame(log.beforeLast, log.killed);
    const surprises: string[] = [];
    expect(await reopen(closed)).toBe(after);
    for (const [path, content] of closed) {
      for (const at of content.keys()) {
        const isUseless = path < last.path && at >= 4096 && content[at] === 0; // the log went on in the next segment
        if (content[at] === 0 && at % 7 > 0) continue;
        const outcome = await reopen(flipped(closed, path, at, 0x80 >> (at % 8)));
        if (![...refusals, ...(isUseless ? [after] : [])].includes(outcome)) {
          surprises.push(`${path} at ${at}: ${outcome}`);
        }
      }
    }
    expect(surprises).toEqual([]);
  }, 300_000);
});
