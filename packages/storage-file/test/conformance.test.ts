// The log against the conformance suite: on the real disk, and on a simulated one with every fault.
import { logStorageSuite, storageTarget } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { realMedium, simulatedMedium } from "./conformance-media.js";

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
    medium: realMedium,
  }),
);
describeSuite(
  "a log on the simulated disk",
  logStorageSuite,
  storageTarget({ name: "createFileLog", capabilities: everything, medium: simulatedMedium }),
);
