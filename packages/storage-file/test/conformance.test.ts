// Log and snapshots against the conformance suites: on the real disk, and on a simulated one with
// every fault.
import { logStorageSuite, snapshotStorageSuite, storageTarget } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { makeLog, makeSnapshots, realMedium, simulatedMedium } from "./conformance-media.js";

const everything = [
  "persistent",
  "exclusive",
  "kill",
  "powerCut",
  "failedSync",
  "fullDisk",
  "damage",
  "handles",
] as const;

describeSuite(
  "a log on the real disk",
  logStorageSuite,
  storageTarget({
    name: "createFileLog",
    capabilities:
      process.platform === "linux"
        ? ["persistent", "exclusive", "handles"]
        : ["persistent", "exclusive"],
    medium: () => realMedium(makeLog),
  }),
);
describeSuite(
  "a log on the simulated disk",
  logStorageSuite,
  storageTarget({
    name: "createFileLog",
    capabilities: everything,
    medium: (seed) => simulatedMedium(makeLog, seed),
  }),
);
describeSuite(
  "snapshots on the real disk",
  snapshotStorageSuite,
  storageTarget({
    name: "createFileSnapshots",
    capabilities: process.platform === "linux" ? ["persistent", "handles"] : ["persistent"],
    medium: () => realMedium(makeSnapshots),
  }),
);
describeSuite(
  "snapshots on the simulated disk",
  snapshotStorageSuite,
  storageTarget({
    name: "createFileSnapshots",
    capabilities: everything.filter((capability) => capability !== "exclusive"),
    medium: (seed) => simulatedMedium(makeSnapshots, seed),
  }),
);
