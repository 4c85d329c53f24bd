import type { EntryRun, LogOperation } from "@raftkit/core";
import { encodeRun, EntryKind, InvariantViolation, isValidIncarnation, readEntries } from "@raftkit/core";
import { createMemoryLog } from "@raftkit/storage-memory";
import { describe, expect, test } from "vitest";

const identity = { clusterId: "blue", nodeId: "n1", codec: "json" };
const entries = (firstIndex: number, term: number, ...texts: string[]): EntryRun => encodeRun(firstIndex, term, EntryKind.command, texts.map((text) => new TextEncoder().encode(text)));
const append = (firstIndex: number, term: number, ...texts: string[]): LogOperation => ({ type: "append", run: entries(firstIndex, term, ...texts) });

function listed(runs: readonly EntryRun[]): string[] {
  return runs.flatMap((run) => [...readEntries(run)].map(({ index, term, data }) => `${index}:${term}:${new TextDecoder().decode(data)}`));
}

async function reopened(...writes: LogOperation[][]) {
  const log = createMemoryLog();
  await log.open(identity);
  for (const operations of writes) await log.write(operations);
  await log.close();
  return log.open(identity);
}

describe("createMemoryLog", () => {
  test("a new log is empty and has a valid incarnation of its own", async () => {
    const first = await createMemoryLog().open(identity);
    const second = await createMemoryLog().open(identity);
    expect(first).toMatchObject({ run: 1, base: { index: 0, term: 0 }, hardState: { currentTerm: 0, votedFor: null }, entries: [] });
    expect(isValidIncarnation(first.incarnation)).toBe(true);
    expect(second.incarnation).not.toBe(first.incarnation);
  });

  test("an injected random makes the incarnation repeatable", async () => {
    const random = () => 0.25;
    expect((await createMemoryLog({ random }).open(identity)).incarnation).toBe((await createMemoryLog({ random }).open(identity)).incarnation);
  });

  test("keeps entries and hard state across openings and counts runs", async () => {
    const opened = await reopened([{ type: "hardState", hardState: { currentTerm: 3, votedFor: "n2" } }, append(1, 1, "a", "b")], [append(3, 3, "c")]);
    expect(opened).toMatchObject({ run: 2, hardState: { currentTerm: 3, votedFor: "n2" } });
    expect(listed(opened.entries)).toEqual(["1:1:a", "2:1:b", "3:3:c"]);
  });

  test("truncates inside a run, compacts inside a run, and goes on behind", async () => {
    const opened = await reopened([append(1, 1, "a", "b", "c", "d")], [{ type: "truncateFrom", index: 4 }, append(4, 2, "D")], [{ type: "compactThrough", index: 2, term: 1 }]);
    expect(opened.base).toEqual({ index: 2, term: 1 });
    expect(listed(opened.entries)).toEqual(["3:1:c", "4:2:D"]);
  });

  test("a reset drops everything and moves the base", async () => {
    const opened = await reopened([append(1, 1, "a")], [{ type: "resetTo", index: 9, term: 4 }, append(10, 5, "j")]);
    expect(opened.base).toEqual({ index: 9, term: 4 });
    expect(listed(opened.entries)).toEqual(["10:5:j"]);
  });

  test.each<[string, LogOperation]>([
    ["a gap", append(3, 1, "c")],
    ["an overlap", append(1, 1, "c")],
    ["a run with a wrong count", { type: "append", run: { ...entries(2, 1, "c"), count: 2 } }],
    ["truncation beyond the end", { type: "truncateFrom", index: 3 }],
    ["truncation into the base", { type: "truncateFrom", index: 0 }],
    ["compaction beyond the end", { type: "compactThrough", index: 2, term: 1 }],
    ["a term that is no number", { type: "hardState", hardState: { currentTerm: Number.NaN, votedFor: null } }],
  ])("refuses %s, changes nothing, and writes no more", async (_, operation) => {
    const log = createMemoryLog();
    await log.open(identity);
    await log.write([append(1, 1, "a")]);
    await expect(log.write([{ type: "hardState", hardState: { currentTerm: 2, votedFor: null } }, operation])).rejects.toBeInstanceOf(InvariantViolation);
    await expect(log.write([append(2, 1, "b")])).rejects.toBeInstanceOf(InvariantViolation);
    await log.close();
    const opened = await log.open(identity);
    expect(opened.hardState.currentTerm).toBe(0);
    expect(listed(opened.entries)).toEqual(["1:1:a"]);
  });

  test("what was returned and what was passed in don't alias the log's own state", async () => {
    const log = createMemoryLog();
    const opened = await log.open(identity);
    const operations: LogOperation[] = [append(1, 1, "a")];
    const hardState = { currentTerm: 1, votedFor: null };
    operations.push({ type: "hardState", hardState });
    await log.write(operations);
    operations.length = 0;
    hardState.currentTerm = 7;
    expect(opened.entries).toEqual([]);
    await log.close();
    const again = await log.open(identity);
    expect(again.hardState.currentTerm).toBe(1);
    expect(listed(again.entries)).toEqual(["1:1:a"]);
  });

  test.each([["clusterId", "green"], ["nodeId", "n2"], ["codec", "msgpack"]] as const)("refuses another %s", async (key, value) => {
    const log = createMemoryLog();
    await log.open(identity);
    await log.close();
    await expect(log.open({ ...identity, [key]: value })).rejects.toMatchObject({ code: "WRONG_IDENTITY", message: expect.stringContaining(value) });
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
