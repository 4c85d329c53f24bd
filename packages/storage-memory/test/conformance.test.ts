// The log in memory against the conformance suite. Its medium is the object itself.
import type { LogStorage } from "@raftkit/core";
import { logStorageSuite, storageTarget } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createMemoryLog } from "@raftkit/storage-memory";

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
