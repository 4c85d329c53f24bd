// What is particular to the log in memory: its options and its errors. The rest is in
// conformance.test.ts.
import type { EntryRun, LogOperation } from "@raftkit/core";
import { encodeRun, EntryKind, InvariantViolation, readEntries } from "@raftkit/core";
import { createMemoryLog } from "@raftkit/storage-memory";
import { describe, expect, test } from "vitest";

const identity = { clusterId: "blue", nodeId: "n1", codec: "json" };
const entries = (firstIndex: number, term: number, ...texts: string[]): EntryRun =>
  encodeRun(
    firstIndex,
    term,
    EntryKind.command,
    texts.map((text) => new TextEncoder().encode(text)),
  );
const append = (firstIndex: number, term: number, ...texts: string[]): LogOperation => ({
  type: "append",
  run: entries(firstIndex, term, ...texts),
});

function listed(runs: readonly EntryRun[]): string[] {
  return runs.flatMap((run) =>
    [...readEntries(run)].map(
      ({ index, term, data }) => `${index}:${term}:${new TextDecoder().decode(data)}`,
    ),
  );
}

describe("createMemoryLog", () => {
  test("an injected random makes the incarnation repeatable", async () => {
    const random = () => 0.25;
    expect((await createMemoryLog({ random }).open(identity)).incarnation).toBe(
      (await createMemoryLog({ random }).open(identity)).incarnation,
    );
  });

  test.each<[string, LogOperation]>([
    ["a gap", append(3, 1, "c")],
    ["an overlap", append(1, 1, "c")],
    ["a run with a wrong count", { type: "append", run: { ...entries(2, 1, "c"), count: 2 } }],
    ["truncation beyond the end", { type: "truncateFrom", index: 3 }],
    ["truncation into the base", { type: "truncateFrom", index: 0 }],
    ["compaction beyond the end", { type: "compactThrough", index: 2, term: 1 }],
    [
      "a term that is no number",
      { type: "hardState", hardState: { currentTerm: Number.NaN, votedFor: null } },
    ],
  ])("refuses %s, changes nothing, and writes no more", async (_, operation) => {
    const log = createMemoryLog();
    await log.open(identity);
    await log.write([append(1, 1, "a")]);
    await expect(
      log.write([{ type: "hardState", hardState: { currentTerm: 2, votedFor: null } }, operation]),
    ).rejects.toBeInstanceOf(InvariantViolation);
    await expect(log.write([append(2, 1, "b")])).rejects.toBeInstanceOf(InvariantViolation);
    await log.close();
    const opened = await log.open(identity);
    expect(opened.hardState.currentTerm).toBe(0);
    expect(listed(opened.entries)).toEqual(["1:1:a"]);
  });

  test.each([
    ["clusterId", "green"],
    ["nodeId", "n2"],
    ["codec", "msgpack"],
  ] as const)("refuses another %s", async (key, value) => {
    const log = createMemoryLog();
    await log.open(identity);
    await log.close();
    await expect(log.open({ ...identity, [key]: value })).rejects.toMatchObject({
      code: "WRONG_IDENTITY",
      message: expect.stringContaining(value),
    });
    expect((await log.open(identity)).run).toBe(2);
  });

  test("refuses a second opening, and writes while closed", async () => {
    const log = createMemoryLog();
    await expect(log.write([])).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
    await log.open(identity);
    await expect(log.open(identity)).rejects.toMatchObject({ code: "STORAGE_IN_USE" });
    await log.close();
    await log.close();
    await expect(log.write([])).rejects.toMatchObject({ code: "STORAGE_CLOSED" });
  });
});
