// What the real disk is asked to do, call by call: a write has resolved when its data was synced, a
// name counts when its directory was.
import type * as Fs from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createFileLog } from "@raftkit/storage-file";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { append, appendBytes, identity } from "./support/logs.js";

/** What was asked of a file or directory, by name, and answered. */
const trace = vi.hoisted(() => ({
  answered: [] as string[],
  names: new Map<number, string>(),
  /** Opened with O_DSYNC. */
  durable: new Set<number>(),
}));

vi.mock("node:fs", async (importActual) => {
  const fs = await importActual<typeof Fs>();
  const { answered, names, durable } = trace;
  const writeTo = (fd: number): string => (durable.has(fd) ? "durable write" : "write");
  const nameOf = (fd: number): string => names.get(fd) ?? "?";
  const base = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
  const open = (path: string, flags: number, mode: unknown, done: unknown): void => {
    const answer = typeof mode === "function" ? mode : done;
    fs.open(path, flags, typeof mode === "number" ? mode : null, (error, fd) => {
      names.set(fd, base(path));
      durable.delete(fd);
      if ((flags & fs.constants.O_DSYNC) === fs.constants.O_DSYNC) durable.add(fd);
      if (typeof answer === "function") answer(error, fd);
    });
  };
  function note<Answer extends readonly unknown[]>(
    what: string,
    name: string,
    done: (...answer: Answer) => void,
  ): (...answer: Answer) => void {
    return (...answer) => {
      answered.push(`${what} ${name}`);
      done(...answer);
    };
  }
  type Done = (error: Error | null) => void;
  type Written = (error: Error | null, bytes: number) => void;
  const overridden: Partial<Record<keyof typeof Fs, unknown>> = {
    open,
    write: (
      fd: number,
      bytes: Uint8Array,
      offset: number,
      length: number,
      position: number,
      done: Written,
    ) => fs.write(fd, bytes, offset, length, position, note(writeTo(fd), nameOf(fd), done)),
    writev: (fd: number, parts: Uint8Array[], position: number, done: Written) =>
      fs.writev(fd, parts, position, note(writeTo(fd), nameOf(fd), done)),
    fdatasync: (fd: number, done: Done) => fs.fdatasync(fd, note("datasync", nameOf(fd), done)),
    fsync: (fd: number, done: Done) => fs.fsync(fd, note("sync", nameOf(fd), done)),
    rename: (from: string, to: string, done: Done) => {
      for (const [fd, name] of names) if (name === base(from)) names.set(fd, base(to));
      fs.rename(from, to, note("rename", base(to), done));
    },
  };
  return { ...fs, ...overridden };
});

let parent = "";
beforeAll(async () => {
  parent = await mkdtemp(`${tmpdir()}/raftkit-calls-`);
});
afterAll(() => rm(parent, { recursive: true }));

/** What was answered since the last look, of one file or of all. */
function takeCalls(file = ""): string[] {
  return trace.answered.splice(0).filter((call) => call.endsWith(file));
}

/** How bytes get durably into a segment: on Linux in one call. */
const durably = (name: string): string[] =>
  process.platform === "linux" ? [`durable write ${name}`] : [`write ${name}`, `datasync ${name}`];

test("a write has resolved when its bytes were written, then synced, both answered", async () => {
  const log = createFileLog({ directory: `${parent}/write`, segmentBytes: 64 * 1024 });
  await log.open(identity);
  const file = "log-0000000001.seg";
  takeCalls();
  await log.write([append(1, 1, "a")]);
  expect(takeCalls(file)).toEqual(durably(file));
  await log.write([appendBytes(2, 1, 20_000), append(3, 1, "b")]);
  expect(takeCalls(file)).toEqual(durably(file));
  await log.close();
  await log.open(identity);
  takeCalls();
  await log.write([append(4, 1, "c")]);
  expect(takeCalls(file)).toEqual(durably(file));
  await log.close();
});

test("content is synced before it gets its name, and the directory after that", async () => {
  const log = createFileLog({ directory: `${parent}/names`, segmentBytes: 8192 });
  takeCalls();
  await log.open(identity);
  const ahead = "rename log-0000000002.seg";
  await vi.waitFor(
    () => expect(trace.answered.slice(trace.answered.indexOf(ahead))).toContain("sync names"),
    10_000,
  );
  await log.close();
  const calls = takeCalls();
  const renames = calls.filter((call) => call.startsWith("rename"));
  expect(renames).toEqual([
    "rename log-0000000001.seg",
    "rename identity.json",
    ahead,
    "rename closed.json",
  ]);
  // The name of the directory itself, and those above it.
  const parents = parent.split("/").map((name) => `sync ${name}`);
  expect(calls.slice(0, calls.indexOf("rename log-0000000001.seg"))).toEqual(
    expect.arrayContaining(parents),
  );
  for (const rename of renames) {
    const at = calls.indexOf(rename);
    const isSegment = rename === ahead || rename.includes("0001");
    const name = isSegment ? "filling.tmp" : `${rename.slice(7)}.tmp`;
    const last = isSegment ? durably(name).at(-1) : `datasync ${name}`;
    expect(calls.slice(0, at).findLast((call) => call.endsWith(name))).toBe(last);
    expect(calls.slice(at + 1)).toContain("sync names");
  }
  expect(calls.lastIndexOf("sync names")).toBeGreaterThan(calls.indexOf("rename closed.json"));
});
