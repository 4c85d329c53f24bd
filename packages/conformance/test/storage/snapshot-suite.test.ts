// The suite for snapshot storages, proven from both sides: a right one passes every case, each
// wrong one is caught by the case that names the reason, and by none before it.
import { snapshotStorageSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { proveSuite } from "../support/caught.js";
import { toySnapshotTarget } from "./snapshot-targets.js";
import { createToySnapshots } from "./toy-snapshots.js";
import { wrongSnapshots } from "../wrong/snapshots.js";
import { wrongReaders } from "../wrong/snapshot-readers.js";

describeSuite(
  "a right snapshot storage",
  snapshotStorageSuite,
  toySnapshotTarget("the toy snapshot storage", createToySnapshots),
);
proveSuite(snapshotStorageSuite, [...wrongSnapshots, ...wrongReaders]);
