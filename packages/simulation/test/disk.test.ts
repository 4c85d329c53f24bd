import type { LogOperation, LogStorage, OpenedLog } from "@raftkit/core";
import { encodeRun, EntryKind } from "@raftkit/core";
import { describe, expect, test } from "vitest";
import { createVirtualTime } from "../src/clock.js";
import { createVirtualDisk } from "../src/disk.js";
import { createRandom } from "../src/random.js";

function build(latencyMs = { min: 4, max: 8 }) {
  const time = createVirtualTime();
  const kept: LogOperation[][] = [];
  let run = 0;
  const inner: LogStorage = {
    open: (): Promise<OpenedLog> =>
      Promise.resolve({
        incarnation: "0123456789abcdef",
        run: ++run,
        base: { index: 0, term: 0 },
        hardState: { currentTerm: 0, votedFor: null },
        entries: [],
      }),
    write(operations) {
      kept.push([...operations]);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const disk = createVirtualDisk(time, createRandom(1), inner, { latencyMs });
  async function go(until: number): Promise<void> {
    let more = true;
    while (more) more = await time.step(until);
    time.advanceTo(until);
  }
  return { time, disk, kept, go };
}

const vote = (currentTerm: number): readonly LogOperation[] => [
  {
    type: "hardState",
    hardState: { currentTerm, votedFor: { id: "a", incarnation: "data-directory-of-a" } },
  },
];

describe("virtual disk", () => {
  test("a write takes its time, and is on the disk when it resolves", async () => {
    const { time, disk, kept, go } = build();
    const storage = disk.attach(time.process("a"));
    let doneAt = 0;
    void storage.write(vote(3)).then(() => {
      doneAt = time.now();
      expect(kept).toHaveLength(1);
    });
    await go(100);
    expect(doneAt).toBeGreaterThanOrEqual(4);
    expect(doneAt).toBeLessThan(8);
    expect(disk.hardState).toEqual({
      currentTerm: 3,
      votedFor: { id: "a", incarnation: "data-directory-of-a" },
    });
  });

  test("a crash loses what was not there yet, keeps what was, and answers nobody", async () => {
    const { time, disk, kept, go } = build();
    const process = time.process("a");
    const storage = disk.attach(process);
    await Promise.all([storage.write(vote(1)), go(10)]);
    let answered = false;
    void storage.write(vote(2)).finally(() => {
      answered = true;
    });
    process.stop();
    await go(100);
    expect(kept).toEqual([vote(1)]);
    expect(answered).toBe(false);
    const opened = disk
      .attach(time.process("a"))
      .open({ clusterId: "c", nodeId: "a", codec: "json" });
    await go(200);
    expect((await opened).run).toBe(1);
  });

  test("a hung disk ends no write until it is resumed", async () => {
    const { time, disk, kept, go } = build();
    const storage = disk.attach(time.process("a"));
    disk.hang();
    const written = storage.write(vote(1));
    await go(60_000);
    expect(kept).toEqual([]);
    disk.resume();
    await Promise.all([written, go(60_100)]);
    expect(disk.writes).toBe(1);
  });

  test("follows where the log ends, also through planted writes", async () => {
    const { disk } = build();
    await disk.plant([
      {
        type: "append",
        run: encodeRun(1, 1, EntryKind.command, [
          new Uint8Array(1),
          new Uint8Array(2),
          new Uint8Array(3),
        ]),
      },
    ]);
    expect(disk.lastIndex).toBe(3);
    await disk.plant([{ type: "truncateFrom", index: 2 }]);
    expect(disk.lastIndex).toBe(1);
    await disk.plant([{ type: "resetTo", index: 9, term: 2 }]);
    expect(disk.lastIndex).toBe(9);
  });
});
