// SNAPSHOT-42 to 48: each reader pins for itself, from its opening to its close.
import { ensure, expectEqualBytes } from "../expect.js";
import type { Case } from "../suite.js";
import { refusal, works } from "./check.js";
import type { SnapshotSubject } from "./medium.js";
import {
  bytesOn,
  expectFound,
  expectSample,
  openSnapshots,
  readOn,
  sample,
  save,
} from "./snapshot-helpers.js";

const forItself =
  "Availability (Raft §7): a leader sends one snapshot to several followers; the end of one transfer must not cut off the others, which begin anew with each snapshot";
const bounded =
  "Availability (Raft §7: snapshots keep what is stored bounded): transfers that ended or were given up must not hold the disk for ever";

export const readerSnapshotCases: readonly Case<SnapshotSubject>[] = [
  {
    id: "SNAPSHOT-42",
    title: "Each reader pins for itself: when one closes, the other goes on",
    rule: forItself,
    requires: ["SNAPSHOT-17"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const { data } = sample(20, 2000);
      const { snapshotId, bytes } = await save(storage, sample(20, 2000));
      const [one, other] = [
        await storage.openReader(snapshotId),
        await storage.openReader(snapshotId),
      ];
      await one.read(0, 100);
      await other.read(0, 100);
      await save(storage, sample(30, 100));
      expectEqualBytes(await readOn(one, bytes), data, "what the first of two readers got");
      await one.close();
      for (const index of [40, 50]) await save(storage, sample(index, 100));
      expectEqualBytes(
        await works(readOn(other, bytes), "reading on after another reader was closed"),
        data,
        "what the second of two readers got, after the first was closed",
      );
      const third = await works(
        storage.openReader(snapshotId),
        "another reader of an older snapshot that still has one",
      );
      expectEqualBytes(await readOn(third, bytes), data, "what a third reader got");
      await third.close();
      await other.close();
    },
  },
  {
    id: "SNAPSHOT-43",
    title: "When the last reader closes, an old snapshot goes",
    rule: bounded,
    requires: ["SNAPSHOT-20", "SNAPSHOT-42"],
    capabilities: ["persistent", "damage"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      const { snapshotId } = await save(storage, sample(20, 5000));
      const readers = [await storage.openReader(snapshotId), await storage.openReader(snapshotId)];
      await save(storage, sample(30, 100));
      for (const reader of readers) await reader.close();
      const left = await bytesOn(medium);
      ensure(
        left < 5000,
        `after the last reader of an old snapshot of 5000 bytes was closed, ${left} bytes are stored`,
      );
      await storage.close();
      await expectFound(medium, sample(30, 100), "after the last reader of an old one was closed");
    },
  },
  {
    id: "SNAPSHOT-44",
    title: "Readers that are never closed stop neither commits nor other readers nor closing",
    rule: bounded,
    requires: ["SNAPSHOT-17"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      for (let index = 1; index <= 40; index++) {
        const meta = await works(
          save(storage, sample(index, 300)),
          `a snapshot with ${index - 1} readers open`,
        );
        const reader = await works(
          storage.openReader(meta.snapshotId),
          `a reader with ${index - 1} others open`,
        );
        await reader.read(0, 10);
        await expectSample(storage, meta, sample(index, 300), `with ${index} readers open`);
      }
      await works(storage.close(), "closing with 40 readers open");
    },
  },
  {
    id: "SNAPSHOT-45",
    title: "Reading with a reader that was closed is refused with a clear error",
    rule: "State Machine Safety (Raft Figure 13): what a reader gives without a pin may be another snapshot's by then",
    requires: ["SNAPSHOT-17"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const { snapshotId } = await save(storage, sample(20, 1000));
      for (const offset of [0, 500, 1000]) {
        const reader = await storage.openReader(snapshotId);
        await reader.read(0, 100);
        await reader.close();
        await refusal(reader.read(offset, 100), `reading at ${offset} with a closed reader`);
      }
    },
  },
  {
    id: "SNAPSHOT-46",
    title: "Closing a reader twice is closing it once, also for the other readers",
    rule: forItself,
    requires: ["SNAPSHOT-42"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const { snapshotId, bytes } = await save(storage, sample(20, 2000));
      const [one, other] = [
        await storage.openReader(snapshotId),
        await storage.openReader(snapshotId),
      ];
      await one.close();
      await works(one.close(), "closing a reader a second time");
      await save(storage, sample(30, 100));
      expectEqualBytes(
        await works(readOn(other, bytes), "reading on after another reader was closed twice"),
        sample(20, 2000).data,
        "what a reader got, after another one was closed twice",
      );
      await other.close();
    },
  },
  {
    id: "SNAPSHOT-47",
    title: "A read that is under way when its reader is closed still ends, with what it was for",
    rule: "State Machine Safety (Raft §7): a cut answer that counts as one is a hole in somebody's state",
    requires: ["SNAPSHOT-45"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const { data } = sample(20, 1000);
      const { snapshotId } = await save(storage, sample(20, 1000));
      const reader = await storage.openReader(snapshotId);
      await save(storage, sample(30, 100));
      const underWay = reader.read(0, 1000);
      const closed = reader.close();
      const answer = await works(underWay, "a read that was under way when its reader was closed");
      expectEqualBytes(
        answer.data,
        data.subarray(0, answer.data.length),
        "what a read gave that was under way when its reader was closed",
      );
      ensure(answer.data.length > 0, "a read that was under way at the close gave nothing");
      await closed;
    },
  },
  {
    id: "SNAPSHOT-48",
    title: "A reader for a snapshot whose time is over is refused, or gives that one and no other",
    rule: "State Machine Safety (Raft Figure 13): chunks of two snapshots must not be put together",
    requires: ["SNAPSHOT-22"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const old = await save(storage, sample(20, 500));
      await save(storage, sample(30, 500));
      const opened = storage.openReader(old.snapshotId);
      const reader = await opened.catch(() => undefined);
      if (reader === undefined) {
        await refusal(opened, "a reader for a snapshot whose place a newer one took");
        return;
      }
      expectEqualBytes(
        await readOn(reader, old.bytes),
        sample(20, 500).data,
        "the data of a snapshot after a newer one was committed",
      );
      await reader.close();
    },
  },
];
