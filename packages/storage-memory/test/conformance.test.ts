// Log and snapshots in memory against the conformance suites. Their medium is the object itself.
import type { LogStorage, SnapshotStorage } from "@raftkit/core";
import { logStorageSuite, snapshotStorageSuite, storageTarget } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createMemoryLog, createMemorySnapshots } from "@raftkit/storage-memory";

describeSuite(
  "a log in memory",
  logStorageSuite,
  storageTarget<LogStorage>({
    name: "createMemoryLog",
    capabilities: ["persistent", "exclusive"],
    medium() {
      const log = createMemoryLog();
      return { storage: () => log };
    },
  }),
);
describeSuite(
  "snapshots in memory",
  snapshotStorageSuite,
  storageTarget<SnapshotStorage>({
    name: "createMemorySnapshots",
    capabilities: ["persistent"],
    medium() {
      const snapshots = createMemorySnapshots();
      return { storage: () => snapshots };
    },
  }),
);
