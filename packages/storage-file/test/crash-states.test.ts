// Every state that a crash may leave of a write, and every bit flip of a frame that was synced: the
// first must open with all that was acknowledged, the second must be refused wherever it can be told
// from the first.
import type { LogOperation } from "@raftkit/core";
import { createFileLog } from "@raftkit/storage-file";
import type { LogEvent } from "@raftkit/storage-file";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import { describe, expect, test } from "vitest";
import type { Files, Place } from "./support/files.js";
import { directory, flipped, lastFrame, reopen, segmentBytes, withFile } from "./support/files.js";
import { append, appendBytes, identity, seeded, vote } from "./support/logs.js";

const SECTOR_BYTES = 512;

interface LastWrite {
  readonly name: string;
  readonly before: Files;
  readonly after: Files;
  readonly frame: Place;
}

/** Writes, the last of them apart, as a kill leaves the files. */
async function lastWrite(
  name: string,
  start: readonly (readonly LogOperation[])[],
  last: readonly LogOperation[],
): Promise<LastWrite> {
  const disk = createSimulatedDisk({ random: seeded(1) });
  const log = createFileLog({
    directory,
    fileSystem: disk.boot(),
    segmentBytes,
    random: seeded(1),
  });
  await log.open(identity);
  for (const operations of start) {
    await log.write(operations);
    await new Promise<void>((resolve) => setImmediate(resolve)); // what goes on in the background ends
  }
  const before = disk.files();
  await log.write(last);
  await new Promise<void>((resolve) => setImmediate(resolve));
  return { name, before, after: disk.files(), frame: lastFrame(before, disk.files()) };
}

/** Moves the next frame by so many bytes, so that its header lies elsewhere in its sector. */
const pad = (index: number, bytes: number): LogOperation[] => [appendBytes(index, 1, bytes)];

/** After these the log writes into segments that it used before. */
const recycling = Array.from({ length: 24 }, (_, i) => [
  append(i + 1, 1, "y".repeat(1500)),
  { type: "compactThrough", index: i + 1, term: 1 } as const,
]);

async function lastWrites(): Promise<readonly LastWrite[]> {
  const text = (index: number, bytes: number): LogOperation[] => [
    append(index, 1, "x".repeat(bytes)),
  ];
  const shifts = Array.from({ length: 8 }, (_, i) => i * 8);
  return Promise.all([
    lastWrite("in one sector", [text(1, 20)], text(2, 60)),
    lastWrite("a vote", [text(1, 20)], [vote(2, null)]),
    lastWrite("over two sectors", [text(1, 20)], text(2, 500)),
    lastWrite("over six sectors", [text(1, 20)], text(2, 2600)),
    lastWrite("with a sector of zeros", [text(1, 20)], [append(2, 1, "\0".repeat(1500), "z")]),
    lastWrite("first of a segment", [text(1, 3000)], text(2, 1200)),
    lastWrite("larger than a segment", [text(1, 20)], text(2, 9000)),
    lastWrite("into a segment used before", recycling, text(25, 1200)),
    ...shifts.map((shift) =>
      lastWrite(`with its header moved by ${shift}`, [pad(1, 286 + shift)], text(2, 700)),
    ),
  ]);
}

/** What each sector of the frame may be: as before, or as after. */
function* crashStates({ before, after, frame }: LastWrite): Generator<Files> {
  const [old, content] = [before, after].map((files) => files.get(frame.path) ?? new Uint8Array());
  if (old === undefined || content === undefined) return;
  const sectors: [number, number][] = [];
  for (let at = frame.from; at < frame.to;) {
    const end = Math.min(frame.to, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    sectors.push([at, end]);
    at = end;
  }
  const states = 2 ** sectors.length;
  const stride = Math.max(1, Math.floor(states / 700) | 1);
  for (let state = 0; state < states; state += stride) {
    const bytes = new Uint8Array(Math.max(old.length, frame.to));
    bytes.set(old);
    let length = old.length;
    for (const [i, [from, to]] of sectors.entries()) {
      if ((Math.floor(state / 2 ** i) & 1) === 0) continue;
      bytes.set(content.subarray(from, to), from);
      length = Math.max(length, to);
    }
    yield withFile(before, frame.path, bytes.subarray(0, length));
  }
}

describe("crash states", () => {
  test("any part of a write's sectors: the log opens as before the write, or with all of it", async () => {
    let states = 0;
    for (const one of await lastWrites()) {
      const [before, after] = [await reopen(one.before), await reopen(one.after)];
      expect(after).not.toBe(before);
      for (const files of crashStates(one)) {
        const isWhole = Buffer.compare(
          files.get(one.frame.path) ?? new Uint8Array(),
          one.after.get(one.frame.path) ?? new Uint8Array(),
        );
        expect(await reopen(files), one.name).toBe(isWhole === 0 ? after : before);
        states++;
      }
      // All sectors, which the strides above may pass over.
      expect(
        await reopen(withFile(one.before, one.frame.path, one.after.get(one.frame.path))),
      ).toBe(after);
    }
    expect(states).toBeGreaterThan(800);
  }, 300_000);

  test("any part of it cut off short, at any byte: the same", async () => {
    const writes = await lastWrites();
    for (const { name, before, after, frame } of [...writes.slice(0, 6), ...writes.slice(7, 10)]) {
      const content = after.get(frame.path) ?? new Uint8Array();
      const old = before.get(frame.path) ?? new Uint8Array();
      const outcomes = [await reopen(before), await reopen(after)];
      const stride = frame.to - frame.from > 300 ? 13 : 1;
      for (let at = frame.from; at < frame.to; at += stride) {
        const bytes = content.slice(0, Math.max(old.length, at));
        bytes.set(old.subarray(at), at);
        expect(outcomes.slice(0, 1), `${name} to ${at}`).toContain(
          await reopen(withFile(before, frame.path, bytes)),
        );
      }
    }
  }, 300_000);
});

test("an interrupted write of which the cutting was interrupted, at any byte, is cut again", async () => {
  const { before, after, frame } = await lastWrite(
    "six",
    [[append(1, 1, "a")]],
    [append(2, 1, "x".repeat(2600))],
  );
  const torn = (after.get(frame.path) ?? new Uint8Array()).slice();
  torn.fill(0, 5120, 5632);
  const outcome = await reopen(before);
  for (let at = frame.from; at < frame.to; at += at < frame.from + 40 ? 1 : 13) {
    const bytes = torn.slice().fill(0, frame.from, at);
    expect(await reopen(withFile(after, frame.path, bytes)), `zeros to ${at}`).toBe(outcome);
  }
});

describe("bit flips in the last frame of a log that was not closed", () => {
  /** Flips these bits of every byte. @returns how many were refused, and how many opened as before the write */
  async function flipAll({ before, after, frame }: LastWrite, bits = [0, 1, 2, 3, 4, 5, 6, 7]) {
    const counts = { flips: 0, refused: 0, cut: 0 };
    const cut = await reopen(before);
    for (let at = frame.from; at < frame.to; at++) {
      for (const bit of bits) {
        const outcome = await reopen(flipped(after, frame.path, at, 1 << bit));
        counts.flips++;
        if (outcome === "CORRUPT_LOG") counts.refused++;
        else if (outcome === cut) counts.cut++;
      }
    }
    return counts;
  }

  test("are all refused, as no sector of it is missing", async () => {
    const writes = [
      await lastWrite("in one sector", [], [append(1, 1, "x".repeat(60))]),
      await lastWrite("a vote", [], [vote(2, null)]),
      await lastWrite("over two sectors", [pad(1, 300)], [append(2, 1, "x".repeat(100))]),
      await lastWrite("with its header in two sectors", [pad(1, 316)], [append(2, 1, "abc")]),
    ];
    expect(writes.map(({ frame }) => frame.from % SECTOR_BYTES)).toEqual([96, 96, 480, 496]);
    for (const one of writes) {
      const { flips, refused } = await flipAll(one);
      expect(flips).toBe(8 * (one.frame.to - one.frame.from));
      expect(`${one.name}: ${refused} of ${flips}`).toBe(`${one.name}: ${flips} of ${flips}`);
    }
  }, 300_000);

  test("can't be told from an interrupted write where a sector of it is all zeros: cut, never returned", async () => {
    const one = await lastWrite("zeros", [], [append(1, 1, "\0".repeat(1300), "z")]);
    const { flips, refused, cut } = await flipAll(one, [3]);
    expect(refused + cut).toBe(flips);
    expect(cut).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(SECTOR_BYTES); // those in the zeros and in the header
  }, 300_000);
});

test("every bit flip in the last frame but one of a segment that was used before is damage", async () => {
  const start = [...recycling, [append(25, 1, "a")]];
  const { before, after, frame } = await lastWrite("last", start, [append(26, 1, "b")]);
  const { before: earlier } = await lastWrite("last but one", recycling, [append(25, 1, "a")]);
  const place = lastFrame(earlier, before);
  expect(place.path).toBe(frame.path);
  for (let at = place.from; at < place.to; at++) {
    const files = flipped(after, place.path, at, 1 << (at % 8));
    expect(await reopen(files), `at ${at}`).toBe("CORRUPT_LOG");
  }
});

test("a bit flip in the last frame of a segment that was used before is reported, whatever it hits", async () => {
  const { before, after, frame } = await lastWrite("last", recycling, [append(25, 1, "a")]);
  const cut = await reopen(before);
  for (let at = frame.from; at < frame.to; at++) {
    const events: LogEvent[] = [];
    const outcome = await reopen(flipped(after, frame.path, at, 1 << (at % 8)), events);
    expect([outcome, events.map(({ type }) => type)], `at ${at}`).toEqual([cut, ["tailCut"]]);
  }
});

describe("files that were changed behind the log's back, though it was not closed", () => {
  async function threeSegments(): Promise<Files> {
    const { after } = await lastWrite(
      "three segments",
      [1, 2, 3, 4, 5].map((index) => [append(index, 1, "x".repeat(1500))]),
      [append(6, 1, "y".repeat(100))],
    );
    return after;
  }
  const segment = (number: number): string => `${directory}/log-000000000${number}.seg`;

  test("without its last segment, or its last two, the log is refused", async () => {
    const files = await threeSegments();
    expect([...files.keys()].filter((path) => path.endsWith(".seg"))).toHaveLength(4);
    const without4 = withFile(files, segment(4), undefined);
    expect(await reopen(without4)).toBe("CORRUPT_LOG");
    expect(await reopen(withFile(without4, segment(3), undefined))).toBe("CORRUPT_LOG");
  });

  test("with a segment that lost all its frames to zeros it is refused", async () => {
    const files = await threeSegments();
    const zeroed = (files.get(segment(3)) ?? new Uint8Array()).slice().fill(0, 4096);
    expect(await reopen(withFile(files, segment(3), zeroed))).toBe("CORRUPT_LOG");
  });

  test("with bytes behind the end of an interrupted write it is refused", async () => {
    const { before, after, frame } = await lastWrite(
      "six",
      [[append(1, 1, "a")]],
      [append(2, 1, "x".repeat(2600))],
    );
    const torn = (after.get(frame.path) ?? new Uint8Array()).slice();
    torn.fill(0, 5120, 5632);
    expect(await reopen(withFile(after, frame.path, torn))).toBe(await reopen(before));
    torn[frame.to + 100] = 1;
    expect(await reopen(withFile(after, frame.path, torn))).toBe("CORRUPT_LOG");
  });

  test("an older copy of the segment that was written last is not missed: README, Limits", async () => {
    const { before, after, frame } = await lastWrite(
      "copy",
      [[append(1, 1, "a")]],
      [append(2, 1, "b")],
    );
    const older = withFile(after, frame.path, before.get(frame.path));
    expect(await reopen(older)).toBe(await reopen(before));
  });
});

test("opening what was closed writes nothing that was there again; opening what was not, the last frame", async () => {
  for (const isClosed of [true, false]) {
    const disk = createSimulatedDisk({ random: seeded(1) });
    const options = { directory, segmentBytes, random: seeded(1) };
    const log = createFileLog({ ...options, fileSystem: disk.boot() });
    await log.open(identity);
    await log.write([append(1, 1, "a")]);
    if (isClosed) await log.close();
    disk.kill();
    const before = disk.files();
    const writes: string[] = [];
    disk.setFault(({ type, path }) => {
      if (type === "write") writes.push(path);
      return undefined;
    });
    await createFileLog({ ...options, fileSystem: disk.boot() }).open(identity);
    const { path } = lastFrame(before, disk.files());
    expect(writes.filter((written) => written === path)).toHaveLength(isClosed ? 1 : 2); // one is the checkpoint of the run
  }
});
