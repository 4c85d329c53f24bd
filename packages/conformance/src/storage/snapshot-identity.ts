// SNAPSHOT-37 to 41: whose snapshots these are, and which configuration's index goes with one.
import type { StorageIdentity } from "@raftkit/core";
import type { Case } from "../suite.js";
import { refusal, rejection, same } from "./check.js";
import { identity } from "./log-helpers.js";
import type { SnapshotSubject } from "./medium.js";
import { expectFound, openSnapshots, sample, save } from "./snapshot-helpers.js";

const mixedUp =
  "State Machine Safety (Raft §7): a server that starts from another's snapshot has state that its own log doesn't continue";

function refuses(id: string, what: string, other: Partial<StorageIdentity>): Case<SnapshotSubject> {
  return {
    id,
    title: `The snapshots of another ${what} are refused`,
    rule: mixedUp,
    requires: [],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage: own } = await openSnapshots(medium);
      await save(own, sample(20));
      await own.close();
      const storage = medium.storage();
      await refusal(
        storage.open({ ...identity, ...other }),
        `opening the snapshots of another ${what}`,
      );
      await storage.close();
    },
  };
}

export const identitySnapshotCases: readonly Case<SnapshotSubject>[] = [
  refuses("SNAPSHOT-37", "cluster", { clusterId: "green" }),
  refuses("SNAPSHOT-38", "node", { nodeId: "n2" }),
  {
    id: "SNAPSHOT-39",
    title: "A refused opening changes nothing",
    rule: mixedUp,
    requires: ["SNAPSHOT-09", "SNAPSHOT-37", "SNAPSHOT-38"],
    capabilities: ["persistent"],
    async run(subject) {
      for (const other of [{ clusterId: "green" }, { nodeId: "n2" }]) {
        const medium = await subject.medium();
        const { storage: own } = await openSnapshots(medium);
        await save(own, sample(20));
        await own.close();
        const storage = medium.storage();
        await rejection(storage.open({ ...identity, ...other }), "opening another's snapshots");
        await storage.close();
        await expectFound(medium, sample(20), "after a refused opening");
      }
    },
  },
  {
    id: "SNAPSHOT-40",
    title: "A refused opening holds nothing, and the next one gets in",
    rule: "Availability (Raft §5.5): a storage that refused to open must not keep the right server out",
    requires: ["SNAPSHOT-09", "SNAPSHOT-37"],
    capabilities: ["handles", "persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage: own } = await openSnapshots(medium);
      await save(own, sample(20));
      await own.close();
      const before = await medium.openHandles();
      await rejection(
        medium.storage().open({ ...identity, clusterId: "green" }),
        "opening another's snapshots",
      );
      same(await medium.openHandles(), before, "open handles after a refused opening");
      await expectFound(medium, sample(20), "after a refused opening that was not closed");
    },
  },
  {
    id: "SNAPSHOT-41",
    title: "A commit and an opening give the index of the configuration's entry back",
    rule: "Election Safety (Raft §6, §7): whether a configuration is committed, and which of two is newer, is told by its entry's index",
    requires: ["SNAPSHOT-08"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      for (const configurationIndex of [1, 19, 20, 2 ** 32 + 5]) {
        const { storage } = await openSnapshots(medium);
        const index = Math.max(20, configurationIndex) + configurationIndex;
        const snapshot = { ...sample(index), configurationIndex };
        same(
          (await save(storage, snapshot)).configurationIndex,
          configurationIndex,
          "the configuration's index that commit says",
        );
        await storage.close();
        const { storage: again, newest } = await openSnapshots(medium);
        same(
          newest?.configurationIndex,
          configurationIndex,
          "the configuration's index after reopening",
        );
        await again.close();
      }
    },
  },
];
