// SNAPSHOT-01 to 16: what is committed is there, whole, exact and readable; what isn't is not
// there.
import { joined } from "../bytes.js";
import { ensure, expectEqualBytes } from "../expect.js";
import type { Case } from "../suite.js";
import { same, works } from "./check.js";
import { crc32 } from "./crc32.js";
import type { SnapshotSubject } from "./medium.js";
import {
  expectFound,
  expectSample,
  fieldsOf,
  filled,
  openSnapshots,
  readFrom,
  sample,
  save,
} from "./snapshot-helpers.js";

const whole =
  "Leader Completeness (Raft §7, §5.4): a snapshot replaces the log up to its index; what is missing in it is lost";
const base =
  "Log Matching (Raft §7, Figure 13): the log's consistency check goes on from the snapshot's last index and term";

export const keepingSnapshotCases: readonly Case<SnapshotSubject>[] = [
  {
    id: "SNAPSHOT-01",
    title: "A new storage has no snapshot",
    rule: "State Machine Safety (Raft §7): a server begins with an empty state machine; a snapshot that nobody took invents state",
    requires: [],
    capabilities: [],
    async run(subject) {
      same(
        (await openSnapshots(await subject.medium())).newest,
        undefined,
        "the newest snapshot of a new storage",
      );
    },
  },
  {
    id: "SNAPSHOT-02",
    title: "A commit says index and term as they were given, and the number of bytes",
    rule: base,
    requires: [],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      for (const at of [20, 2 ** 32 + 20]) {
        const { index, term, bytes } = await save(storage, sample(at, 700, 2 ** 40));
        same({ index, term, bytes }, { index: at, term: 2 ** 40, bytes: 700 }, "what commit says");
      }
    },
  },
  {
    id: "SNAPSHOT-03",
    title: "A commit says the CRC-32 (IEEE) of the data, as an unsigned number",
    rule: "State Machine Safety (Raft §7): who receives a snapshot in chunks knows by it that the whole is right",
    requires: [],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      for (const index of [1, 2, 3]) {
        const snapshot = sample(index, 400 * index);
        same(
          (await save(storage, snapshot)).crc,
          crc32(snapshot.data),
          `the crc of ${400 * index} bytes`,
        );
      }
    },
  },
  {
    id: "SNAPSHOT-04",
    title: "What was written is read back, from the first byte to the last",
    rule: whole,
    requires: [],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const snapshot = sample(20, 5000);
      const reader = await storage.openReader((await save(storage, snapshot)).snapshotId);
      const parts: Uint8Array[] = [];
      for (let [at, length] = [0, Infinity]; length > 0 && at < 5000; at += length) {
        const { data } = await reader.read(at, 5000);
        parts.push(data.slice());
        ({ length } = data);
      }
      await reader.close();
      expectEqualBytes(joined(parts), snapshot.data, "the data of a committed snapshot");
    },
  },
  {
    id: "SNAPSHOT-05",
    title:
      "A read gives at most maxBytes from its offset; done comes with the last byte, neither before nor after",
    rule: "State Machine Safety (Raft Figure 13): chunks are placed by their offset, and done ends the transfer",
    requires: ["SNAPSHOT-04"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const { data } = sample(20, 1000);
      const meta = await save(storage, sample(20, 1000));
      for (const maxBytes of [1, 7, 250, 999, 1000, 1001, 10_000]) {
        for (const offset of [0, 1, 250, 999, 1000]) {
          expectEqualBytes(
            await readFrom(storage, meta, offset, maxBytes),
            data.subarray(offset),
            `read from ${offset} in chunks of ${maxBytes}`,
          );
        }
      }
    },
  },
  {
    id: "SNAPSHOT-06",
    title: "An empty snapshot is one",
    rule: "State Machine Safety (Raft §7): the state may be empty at any index",
    requires: ["SNAPSHOT-04"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const meta = await save(storage, sample(20, 0));
      same(
        { bytes: meta.bytes, crc: meta.crc },
        { bytes: 0, crc: 0 },
        "bytes and crc of an empty snapshot",
      );
      expectEqualBytes(await readFrom(storage, meta), new Uint8Array(), "an empty snapshot");
    },
  },
  {
    id: "SNAPSHOT-07",
    title:
      "The caller may use its buffer again once a write has resolved, and the data of a read is the caller's",
    rule: whole,
    requires: ["SNAPSHOT-04"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const { data, ...snapshot } = sample(20, 1000);
      const sink = await storage.create(snapshot);
      const buffer = new Uint8Array(100);
      for (let at = 0; at < data.length; at += buffer.length) {
        buffer.set(data.subarray(at, at + buffer.length));
        await sink.write(buffer);
        buffer.fill(0);
      }
      const meta = await sink.commit();
      expectEqualBytes(
        await readFrom(storage, meta),
        data,
        "what was written from a buffer that is used again",
      );
      const reader = await storage.openReader(meta.snapshotId);
      (await reader.read(0, 500)).data.fill(0);
      await reader.close();
      expectEqualBytes(
        await readFrom(storage, meta),
        data,
        "what is read after the data of an earlier read was changed",
      );
    },
  },
  {
    id: "SNAPSHOT-08",
    title: "A commit and an opening give the configuration back as it was",
    rule: "Election Safety (Raft §6, §7): the configuration as of the last included index goes with the snapshot; another one counts other votes",
    requires: [],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      const snapshot = sample(20);
      same(
        (await save(storage, snapshot)).configuration,
        snapshot.configuration,
        "the configuration that commit says",
      );
      await storage.close();
      same(
        (await openSnapshots(medium)).newest?.configuration,
        snapshot.configuration,
        "the configuration after reopening",
      );
    },
  },
  {
    id: "SNAPSHOT-09",
    title: "An opening finds what was committed: all that commit said, and the data",
    rule: whole,
    requires: ["SNAPSHOT-04"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      const meta = await save(storage, sample(20, 3000));
      await storage.close();
      const { storage: again, newest } = await openSnapshots(medium);
      same(fieldsOf(newest), fieldsOf(meta), "what an opening says of the newest snapshot");
      await expectSample(again, newest, sample(20, 3000), "after reopening");
    },
  },
  {
    id: "SNAPSHOT-10",
    title: "Of several the one with the highest index is the newest",
    rule: "State Machine Safety (Raft §7): state never goes back; the log up to the newer one's index is gone",
    requires: ["SNAPSHOT-09"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      for (const index of [8, 9, 10, 11, 100, 101, 1000]) {
        const { storage } = await openSnapshots(medium);
        await save(storage, sample(index));
        await storage.close();
        await expectFound(medium, sample(index), `after the snapshot at index ${index}`);
      }
    },
  },
  {
    id: "SNAPSHOT-11",
    title: "One that is committed late, of a lower index, doesn't take the place of a newer one",
    rule: "State Machine Safety (Raft §7): a slow transfer ends after the server took a newer snapshot itself; state never goes back",
    requires: ["SNAPSHOT-10"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      const late = await filled(storage, sample(20));
      const newer = await save(storage, sample(30));
      await late.commit().catch(() => undefined); // it may be refused; it may not win
      await expectSample(storage, newer, sample(30), "after a commit of a lower index");
      await storage.close();
      await expectFound(medium, sample(30), "after a commit of a lower index and reopening");
    },
  },
  {
    id: "SNAPSHOT-12",
    title: "Nothing is visible before the commit",
    rule: "State Machine Safety (Raft §7): half a snapshot that is taken for a whole one is a state that never was",
    requires: ["SNAPSHOT-09"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      await filled(storage, sample(20));
      await storage.close();
      await expectFound(medium, undefined, "after a snapshot that was not committed");
      const { storage: second } = await openSnapshots(medium);
      await save(second, sample(30));
      await filled(second, sample(40));
      await second.close();
      await expectFound(
        medium,
        sample(30),
        "after a snapshot that was not committed, with one before that was",
      );
    },
  },
  {
    id: "SNAPSHOT-13",
    title: "An aborted snapshot is never seen, and the one before stays",
    rule: whole,
    requires: ["SNAPSHOT-09"],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      const kept = await save(storage, sample(20));
      await (await filled(storage, sample(30))).abort();
      await (await storage.create(sample(40))).abort();
      await expectSample(storage, kept, sample(20), "after aborted ones");
      await storage.close();
      await expectFound(medium, sample(20), "after aborted ones and reopening");
    },
  },
  {
    id: "SNAPSHOT-14",
    title: "Each snapshot has an id of its own, also at the same index and after reopening",
    rule: "State Machine Safety (Raft Figure 13): chunks of two snapshots must not be put together; a transfer names its snapshot by the id",
    requires: [],
    capabilities: ["persistent"],
    async run(subject) {
      const medium = await subject.medium();
      const ids = new Set<string>();
      for (let opening = 0; opening < 3; opening++) {
        const { storage } = await openSnapshots(medium);
        for (const index of [20, 20, 21]) {
          const sink = await filled(storage, sample(index + opening, 500 + ids.size)).catch(
            () => undefined,
          );
          const meta = await sink?.commit().catch(() => undefined); // a second one at the same index may be refused
          if (meta === undefined) continue;
          ensure(!ids.has(meta.snapshotId), `the id ${meta.snapshotId} was given to two snapshots`);
          ids.add(meta.snapshotId);
        }
        await storage.close();
      }
    },
  },
  {
    id: "SNAPSHOT-15",
    title: "Sinks in parallel keep their data apart",
    rule: "State Machine Safety (Raft §7): a server takes a snapshot while it receives one",
    requires: ["SNAPSHOT-04"],
    capabilities: [],
    async run(subject) {
      const { storage } = await openSnapshots(await subject.medium());
      const samples = [sample(20, 900), sample(30, 900), sample(40, 900)];
      const sinks = await Promise.all(samples.map((snapshot) => storage.create(snapshot)));
      for (let at = 0; at < 900; at += 150) {
        await Promise.all(
          sinks.map((sink, i) =>
            sink.write(samples[i]?.data.subarray(at, at + 150) ?? new Uint8Array()),
          ),
        );
      }
      for (const [i, sink] of sinks.entries()) {
        await expectSample(
          storage,
          await works(sink.commit(), "committing one of three"),
          samples[i] ?? sample(0),
          `sink ${i + 1} of three in parallel`,
        );
      }
    },
  },
  {
    id: "SNAPSHOT-16",
    title: "Two commits in quick succession leave the newer one, whole",
    rule: "State Machine Safety (Raft §7): two in quick succession have lost state elsewhere (databendlabs/openraft#1894, etcd-io/etcd#18055)",
    requires: ["SNAPSHOT-10", "SNAPSHOT-15"],
    capabilities: ["persistent"],
    async run(subject) {
      for (const [first, second] of [
        [20, 30],
        [30, 20],
      ] as const) {
        const medium = await subject.medium();
        const { storage } = await openSnapshots(medium);
        const sinks = [
          await filled(storage, sample(first, 2000)),
          await filled(storage, sample(second, 50)),
        ];
        const outcomes = await Promise.allSettled(sinks.map((sink) => sink.commit()));
        ensure(
          outcomes[first > second ? 0 : 1]?.status === "fulfilled",
          "of two commits at once the one with the higher index must resolve",
        );
        await storage.close();
        await expectFound(
          medium,
          sample(30, first === 30 ? 2000 : 50),
          `after commits at ${first} and ${second} at once`,
        );
      }
    },
  },
];
