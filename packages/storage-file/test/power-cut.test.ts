// Random operations, a power cut at a random moment, and the question that matters: is everything
// there that was acknowledged, and nothing half?
import type { LogOperation } from "@raftkit/core";
import { createFileLog } from "@raftkit/storage-file";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  appendBytes,
  contentOf,
  identity,
  Model,
  seeded,
  memberNamed,
  vote,
} from "./support/logs.js";
import type { Fault } from "@raftkit/storage-file/simulated-disk";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";

const directory = "/node/data";

/** One write of one to three operations that fit the model. */
function randomWrite(model: Model, random: () => number): LogOperation[] {
  const upTo = (n: number): number => Math.floor(random() * (n + 1));
  const now = model.copy();
  const operations: LogOperation[] = [];
  for (let i = upTo(2); i >= 0; i--) {
    const last = now.lastIndex;
    const choice = random();
    let operation: LogOperation = vote(upTo(9), random() < 0.5 ? null : `n${upTo(3)}`);
    if (choice < 0.6) {
      operation = appendBytes(
        last + 1,
        1 + upTo(3),
        ...Array.from({ length: 1 + upTo(3) }, () => (random() < 0.1 ? upTo(9000) : upTo(700))),
      );
    } else if (choice < 0.7 && last > now.base.index) {
      operation = { type: "truncateFrom", index: now.base.index + 1 + upTo(last - now.base.index) };
    } else if (choice < 0.85) {
      operation = {
        type: "compactThrough",
        index: now.base.index + upTo(last - now.base.index),
        term: 1,
      };
    } else if (choice < 0.9) operation = { type: "resetTo", index: last + upTo(5), term: 2 };
    operations.push(operation);
    now.apply([operation]);
  }
  return operations;
}

/** Runs processes against one disk, each until its power cut; checks what each opening finds. */
async function live(
  seed: number,
  cuts: readonly number[],
  shortWrites: boolean,
  durableWrites = false,
): Promise<void> {
  const random = seeded(seed);
  const disk = createSimulatedDisk({
    random,
    durableWrites,
    async delay() {
      for (let turns = Math.floor(random() * 12); turns > 0; turns--) await Promise.resolve();
    },
  });
  let acknowledged = new Model();
  let attempted: Model | undefined;
  let lastRun = 0;
  for (const cut of [...cuts, undefined]) {
    let left = cut ?? Infinity;
    let wasShort = false;
    disk.setFault(({ type, path }): Fault | undefined => {
      if (left-- === 0) return { type: "powerCut", when: random() < 0.5 ? "before" : "after" };
      if (!shortWrites || random() >= (type === "write" ? 0.02 : 0.2)) return undefined;
      wasShort ||= type === "write" && path.endsWith(".seg");
      return { type: "short", bytes: Math.floor(random() * 600) };
    });
    const log = createFileLog({
      directory,
      fileSystem: disk.boot(),
      segmentBytes: 8192 + 4096,
      random,
    });
    try {
      for (let opening = 0; opening < 3; opening++) {
        const opened = await log.open(identity);
        expect(opened.run).toBeGreaterThan(lastRun);
        lastRun = opened.run;
        const found = contentOf(opened);
        expect([acknowledged.toString(), attempted?.toString()]).toContain(found);
        if (attempted !== undefined && found === attempted.toString()) acknowledged = attempted;
        attempted = undefined;
        for (let i = 0; i < 25; i++) {
          const operations = randomWrite(acknowledged, random);
          attempted = acknowledged.copy().apply(operations);
          await log.write(operations);
          acknowledged = attempted;
          attempted = undefined;
        }
        await log.close();
      }
    } catch (error) {
      if (error instanceof Error && error.name === "AssertionError") throw error;
      if (error instanceof Error && "code" in error && error.code === "CORRUPT_LOG") throw error;
      if (left >= 0 && !wasShort) throw error; // a write of the log that is taken in part ends it
    }
    disk.powerCut();
  }
}

test("acknowledged writes survive any power cut, others are there whole or not at all", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      live,
    ),
    { numRuns: 80 },
  );
}, 300_000);

test("a cut at every other operation of a life, the first opening included", async () => {
  for (let cut = 0; cut < 260; cut += 2) await live(7 + cut, [cut, Math.floor(cut / 3)], false);
}, 300_000);

test("a directory above that was made by a process that died at once is made durable later", async () => {
  const disk = createSimulatedDisk({ random: seeded(1) });
  const open = () => createFileLog({ directory: "/var/node/data", fileSystem: disk.boot() });
  disk.setFault(({ type, path }) =>
    type === "syncDirectory" && path === "/" ? { type: "error", code: "EIO" } : undefined,
  );
  await expect(open().open(identity)).rejects.toThrow("EIO");
  disk.kill();
  disk.setFault(undefined);
  const log = open();
  const { incarnation } = await log.open(identity);
  await log.write([vote(1, "n1")]);
  disk.powerCut("nothing");
  expect(await open().open(identity)).toMatchObject({
    incarnation,
    hardState: { currentTerm: 1, votedFor: memberNamed("n1") },
  });
});
