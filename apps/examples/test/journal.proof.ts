// The log of the guide, on a simulated disk that fails, and whose power is cut.
import { logStorageSuite, storageTarget } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createRandom } from "@raftkit/simulation";
import { createSimulatedDisk } from "@raftkit/storage-file/simulated-disk";
import type { LogStorage } from "raftkit";
import { createJournalLog } from "../src/journal/journal-log.ts";

const syncs = ["datasync", "syncDirectory"];
const kindOf = (type: string): "write" | "sync" | "other" =>
  type === "write" ? type : syncs.includes(type) ? "sync" : "other";

const target = storageTarget<LogStorage>({
  name: "createJournalLog",
  capabilities: ["persistent", "exclusive", "kill", "powerCut", "failedSync", "fullDisk"],
  medium(seed) {
    const disk = createSimulatedDisk({ random: createRandom(seed).next });
    return {
      storage: () => createJournalLog("/data", disk.boot()),
      kill: () => disk.kill(),
      powerCut: () => void disk.powerCut(),
      setFault: (faults) => disk.setFault(faults && (({ type }) => faults({ kind: kindOf(type) }))),
    };
  },
});
describeSuite("createJournalLog", logStorageSuite, target);
