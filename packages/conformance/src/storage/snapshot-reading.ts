// SNAPSHOT-17 to 26: readers that are slow, retention, wrong questions, and closing.
import { joined } from "../bytes.js";
import { ensure, expectEqualBytes } from "../expect.js";
import type { Case } from "../suite.js";
import { refusal, rejection, same, works } from "./check.js";
import type { SnapshotSubject } from "./medium.js";
import {
  bytesOn,
  expectFound,
  expectSample,
  filled,
  openSnapshots,
  readFrom,
  sample,
  save,
} from "./snapshot-helpers.js";

const pinned =
  "Availability (Raft §7): a transfer takes longer than it takes to make the next snapshot; one that is cut off each time never ends, and the follower never comes back";
const wrongQuestion =
  "State Machine Safety (Raft Figure 13): an answer to a wrong question is put into somebody's state machine";

export const readingSnapshotCases: readonly Case<SnapshotSubject>[] = [
  {
    id: "SNAPSHOT-17",
    title: "A snapshot that is being read stays readable when newer ones are committed",
    rule: pinned,
    requires: ["SNAPSHOT-04"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const { data } = sample(20, 2000);
      const reader = await storage.openReader((await save(storage, sample(20, 2000))).snapshotId);
      const parts: Uint8Array[] = [];
      for (let at = 0, index = 21; at < data.length; at += 400, index++) {
        parts.push(
          (
            await works(
              reader.read(at, 400),
              `reading on at ${at} after ${index - 21} newer snapshots`,
            )
          ).data.slice(),
        );
        await save(storage, sample(index, 100));
      }
      await reader.close();
      expectEqualBytes(joined(parts), data, "what a slow reader got");
    },
  },
  {
    id: "SNAPSHOT-18",
    title: "Several readers of one snapshot don't disturb each other",
    rule: pinned,
    requires: ["SNAPSHOT-05"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const { data } = sample(20, 2000);
      const meta = await save(storage, sample(20, 2000));
      const chunks = [100, 333, 700, 2000];
      const results = await Promise.all(
        chunks.map((maxBytes) => readFrom(storage, meta, 0, maxBytes)),
      );
      for (const [i, result] of results.entries()) {
        expectEqualBytes(result, data, `what the reader with chunks of ${chunks[i]} got`);
      }
    },
  },
  {
    id: "SNAPSHOT-19",
    title: "However many are committed, the newest is kept and readable",
    rule: "Leader Completeness (Raft §7, §5.4): the log up to the newest snapshot is gone; where retention deletes that snapshot, the state is lost (hashicorp/raft#395)",
    requires: ["SNAPSHOT-04"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      for (let index = 1; index <= 25; index++) {
        const meta = await works(save(storage, sample(index, 300)), `snapshot ${index} of 25`);
        await expectSample(storage, meta, sample(index, 300), `after ${index} snapshots`);
      }
    },
  },
  {
    id: "SNAPSHOT-20",
    title: "Old ones go: what is stored doesn't grow with the number of snapshots",
    rule: "Availability (Raft §7: snapshots keep what is stored bounded): a disk that fills up with what nobody reads stops the node",
    requires: ["SNAPSHOT-10"],
    capabilities: ["persistent", "damage"],
    async run(subject) {
      const medium = await subject.medium();
      const sizeAfter = async (from: number, to: number): Promise<number> => {
        const { storage } = await openSnapshots(medium);
        for (let index = from; index <= to; index++) await save(storage, sample(index, 1000));
        await storage.close();
        return bytesOn(medium);
      };
      const few = await sizeAfter(1, 5);
      const many = await sizeAfter(6, 40);
      ensure(
        many <= 2 * few,
        `after 5 snapshots of one size ${few} bytes were stored, after 40 there must not be more than twice as many, but there are ${many}`,
      );
    },
  },
  {
    id: "SNAPSHOT-21",
    title: "An aborted snapshot leaves nothing behind",
    rule: "Availability (Raft §7): transfers that fail again and again must not fill the disk",
    requires: ["SNAPSHOT-13"],
    capabilities: ["persistent", "damage"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      await save(storage, sample(20, 1000));
      const before = await bytesOn(medium);
      for (let index = 30; index < 35; index++) {
        await (await filled(storage, sample(index, 1000))).abort();
      }
      await storage.close();
      const after = await bytesOn(medium);
      ensure(
        after < before + 1000,
        `before five snapshots were aborted ${before} bytes were stored, afterwards ${after}`,
      );
    },
  },
  {
    id: "SNAPSHOT-22",
    title: "A reader for an unknown snapshot is refused with a clear error",
    rule: wrongQuestion,
    requires: [],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      await refusal(
        storage.openReader("no-such-snapshot"),
        "a reader for an unknown snapshot of an empty storage",
      );
      await save(storage, sample(20));
      await refusal(storage.openReader("no-such-snapshot"), "a reader for an unknown snapshot");
    },
  },
  {
    id: "SNAPSHOT-23",
    title: "Reading behind the end is refused with a clear error",
    rule: wrongQuestion,
    requires: [],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const { snapshotId } = await save(storage, sample(20, 1000));
      const reader = await storage.openReader(snapshotId);
      await refusal(reader.read(1001, 100), "reading from byte 1001 of 1000");
      await reader.close();
    },
  },
  {
    id: "SNAPSHOT-24",
    title: "A sink that was committed or aborted takes no more writes and commits",
    rule: "State Machine Safety (Raft §7): what is committed never changes",
    requires: ["SNAPSHOT-04"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const aborted = await filled(storage, sample(30));
      await aborted.abort();
      await rejection(aborted.write(new Uint8Array([1])), "a write after abort");
      await rejection(aborted.commit(), "a commit after abort");
      const committed = await filled(storage, sample(20));
      const meta = await committed.commit();
      await rejection(committed.write(new Uint8Array([1])), "a write after commit");
      await committed.abort().catch(() => undefined);
      await expectSample(storage, meta, sample(20), "after a late write and a late abort");
    },
  },
  {
    id: "SNAPSHOT-25",
    title: "Closing twice is closing once, also with a sink open",
    rule: "Availability (Raft §5.5): a server that failed must be able to start again; whoever cleans up need not know how far things went",
    requires: [],
    capabilities: [],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      await filled(storage, sample(20));
      await works(storage.close(), "closing with a sink open");
      await works(storage.close(), "closing a second time");
      await works((await subject.medium()).storage().close(), "closing without opening");
    },
  },
  {
    id: "SNAPSHOT-26",
    title: "Closing releases every handle: of readers, of sinks, and of those that ended",
    rule: "Availability (Raft §5.5): a process that restarts its server again and again must not run out of handles",
    requires: ["SNAPSHOT-04"],
    capabilities: ["handles"],
    async run(subject) {
      const medium = await subject.medium();
      const before = await medium.openHandles();
      for (let i = 0; i < 2; i++) {
        const { storage } = await openSnapshots(medium);
        const { snapshotId } = await save(storage, sample(20 + i));
        await (await storage.openReader(snapshotId)).close();
        await (await storage.openReader(snapshotId)).read(0, 10);
        await (await filled(storage, sample(30 + i))).abort();
        await filled(storage, sample(40 + i));
        await storage.close();
        same(await medium.openHandles(), before, "open handles after closing");
      }
      await expectFound(medium, sample(21), "after closing with readers and sinks");
    },
  },
];
