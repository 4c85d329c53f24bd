// The suite for log storages: a right log passes every case, and a medium that can't be disturbed
// passes none of those that need it.
import { logStorageSuite, storageTarget } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { expect, test } from "vitest";
import { runSuite } from "../../src/run.js";
import { isWhole } from "../support/whole.js";
import { everything, rightLog, toyLogTarget } from "./log-targets.js";
import { createToyDisk } from "./toy-disk.js";

describeSuite("a right log", logStorageSuite, toyLogTarget("the toy log", rightLog));

test("a medium that asks for no faults doesn't count as one that was cut off at every step", async () => {
  const deaf = storageTarget({
    name: "deaf",
    capabilities: everything,
    medium(seed) {
      const disk = createToyDisk(seed);
      return { ...disk, setFault: () => undefined, storage: () => rightLog(disk.boot(), seed) };
    },
  });
  const ids = ["STORAGE-59", "STORAGE-65", "STORAGE-67", "STORAGE-74"];
  const results = await runSuite(logStorageSuite, deaf, { only: isWhole ? undefined : ids });
  expect(results.flatMap(({ id, outcome }) => (outcome === "failed" ? [id] : []))).toEqual(ids);
  expect(results.find(({ id }) => id === "STORAGE-65")).toMatchObject({
    error: { message: expect.stringMatching(/never asked what setFault\(\) was given/) },
  });
}, 300_000);
