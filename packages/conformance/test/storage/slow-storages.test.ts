// Storages that are right, and take 100 ms for everything that they are asked to do, pass every
// case: time runs as fast as it can here.
import type { LogStorage, SnapshotStorage } from "@raftkit/core";
import { logStorageSuite, snapshotStorageSuite } from "@raftkit/conformance";
import { afterEach, expect, test, vi } from "vitest";
import { runSuite } from "../../src/run.js";
import type { Suite, Target } from "../../src/suite.js";
import { createVirtualTimers } from "../support/virtual-timers.js";
import { rightLog, toyLogTarget } from "./log-targets.js";
import { toySnapshotTarget } from "./snapshot-targets.js";
import { createToySnapshots } from "./toy-snapshots.js";

const OPERATION_MS = 100;

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Does one thing after the other, each late. */
function createQueue(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(async () => {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, OPERATION_MS);
      });
      return work();
    });
    last = result.catch(() => undefined);
    return result;
  };
}

function slowLog(log: LogStorage): LogStorage {
  const later = createQueue();
  return {
    open: (identity) => later(() => log.open(identity)),
    write: (operations) => later(() => log.write(operations)),
    close: () => later(() => log.close()),
  };
}

function slowSnapshots(storage: SnapshotStorage): SnapshotStorage {
  const later = createQueue();
  return {
    open: (identity) => later(() => storage.open(identity)),
    openReader: (snapshotId) =>
      later(async () => {
        const reader = await storage.openReader(snapshotId);
        return {
          read: (...where) => later(() => reader.read(...where)),
          close: () => later(() => reader.close()),
        };
      }),
    create: (given) =>
      later(async () => {
        const sink = await storage.create(given);
        const laterHere = createQueue();
        return {
          write: (data) => laterHere(() => sink.write(data)),
          commit: () => laterHere(() => sink.commit()),
          abort: () => laterHere(() => sink.abort()),
        };
      }),
    close: () => later(() => storage.close()),
  };
}

/** Runs a suite in virtual time. @returns its failures, and how long it would have taken */
async function runVirtually<Subject>(suite: Suite<Subject>, target: Target<Subject>) {
  const timers = createVirtualTimers();
  vi.stubGlobal("setTimeout", timers.setTimeout);
  vi.stubGlobal("clearTimeout", timers.clearTimeout);
  const results = await timers.run(runSuite(suite, target));
  return {
    failures: results.flatMap((result) =>
      result.outcome === "passed" || result.outcome === "skipped"
        ? []
        : [`${result.id} ${result.outcome === "failed" ? result.error.message : result.outcome}`],
    ),
    passed: results.filter(({ outcome }) => outcome === "passed").length,
    minutes: timers.now() / 60_000,
  };
}

test("a log", async () => {
  const target = toyLogTarget("a slow log", (disk, seed) => slowLog(rightLog(disk, seed)));
  const { failures, passed, minutes } = await runVirtually(logStorageSuite, target);
  expect(failures).toEqual([]);
  expect(passed).toBe(logStorageSuite.length);
  expect(minutes).toBeGreaterThan(5);
}, 300_000);

test("a snapshot storage", async () => {
  const target = toySnapshotTarget("a slow snapshot storage", (disk) =>
    slowSnapshots(createToySnapshots(disk)),
  );
  const { failures, passed } = await runVirtually(snapshotStorageSuite, target);
  expect(failures).toEqual([]);
  expect(passed).toBe(snapshotStorageSuite.length);
}, 300_000);

test("a log that hangs is not waited for", async () => {
  const target = toyLogTarget(
    "a log that hangs",
    (disk, seed) => ({ ...rightLog(disk, seed), write: () => new Promise<void>(() => {}) }),
    ["persistent"],
  );
  const suite = logStorageSuite.filter(({ id }) => id === "STORAGE-06");
  const { failures, minutes } = await runVirtually(suite, target);
  expect(failures).toEqual(["STORAGE-06 the case did not end within 30000 ms"]);
  expect(minutes).toBeLessThan(2);
});
