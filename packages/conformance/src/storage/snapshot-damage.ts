// SNAPSHOT-49 to 52: one flipped bit costs one snapshot, never the storage.
import type { SnapshotMeta, SnapshotStorage } from "@raftkit/core";
import { isSame } from "../bytes.js";
import { ensure } from "../expect.js";
import type { Case } from "../suite.js";
import { same, works } from "./check.js";
import { flips } from "./damage.js";
import { identity } from "./log-helpers.js";
import type { SnapshotSubject } from "./medium.js";
import type { SnapshotMedium } from "./snapshot-helpers.js";
import {
  bytesOn,
  expectFound,
  expectSample,
  fieldsOf,
  openSnapshots,
  readFrom,
  sample,
  save,
} from "./snapshot-helpers.js";

const stillVotes =
  "Availability (Raft §5.5): a server whose snapshot is damaged still has its log and its vote, and gets another snapshot from the leader; one that can't open its storage is lost";
const FEW = 120;

interface Outcome {
  readonly storage: SnapshotStorage;
  readonly medium: SnapshotMedium;
  readonly newest: SnapshotMeta | undefined;
  /** As it was committed. */
  readonly committed: SnapshotMeta;
  readonly when: string;
}

/** Opens a storage with one snapshot, at index 20, with one bit flipped, again and again. */
async function withEachFlip(
  subject: SnapshotSubject,
  { bytes, max }: { readonly bytes: number; readonly max?: number },
  look: (outcome: Outcome) => Promise<void>,
): Promise<void> {
  const source = await subject.medium();
  const { storage: writer } = await openSnapshots(source);
  const committed = await save(writer, sample(20, bytes));
  await writer.close();
  const medium = await subject.medium(2);
  for (const { name, at, files } of flips(await source.files(), max)) {
    await medium.replaceFiles(files);
    const when = `with a bit flipped in byte ${at} of ${name}`;
    const storage = medium.storage();
    const newest = await works(storage.open(identity), `${when}: opening the storage`);
    await look({ storage, medium, newest, committed, when });
    await storage.close();
  }
}

export const damagedSnapshotCases: readonly Case<SnapshotSubject>[] = [
  {
    id: "SNAPSHOT-49",
    title:
      "With one bit flipped anywhere the storage opens, and says of its snapshot what commit said, or that there is none",
    rule: stillVotes,
    requires: ["SNAPSHOT-36"],
    capabilities: ["persistent", "damage"],
    run: (subject) =>
      withEachFlip(subject, { bytes: 50 }, async ({ newest, committed, when }) => {
        if (newest === undefined) return;
        same(fieldsOf(newest), fieldsOf(committed), `${when}: what the opening says`);
      }),
  },
  {
    id: "SNAPSHOT-50",
    title: "A snapshot that is none for its damage is kept aside",
    rule: "Leader Completeness (Raft §7, §5.4): where no other server has the state any more, its bytes are all that an operator has to mend the cluster with",
    requires: ["SNAPSHOT-49"],
    capabilities: ["persistent", "damage"],
    run: (subject) =>
      withEachFlip(
        subject,
        { bytes: 600 },
        async ({ storage, medium, newest, committed, when }) => {
          if (newest !== undefined) return;
          await storage.close();
          const left = await bytesOn(medium);
          ensure(
            left >= committed.bytes,
            `${when} a snapshot of ${committed.bytes} bytes is none, but they must be kept; ${left} bytes are stored`,
          );
        },
      ),
  },
  {
    id: "SNAPSHOT-51",
    title: "Beside one that is damaged a new snapshot is committed as ever",
    rule: stillVotes,
    requires: ["SNAPSHOT-49"],
    capabilities: ["persistent", "damage"],
    run: (subject) =>
      withEachFlip(subject, { bytes: 50, max: FEW }, async ({ storage, medium, when }) => {
        const meta = await works(save(storage, sample(30, 200)), `${when}: a new snapshot`);
        await expectSample(storage, meta, sample(30, 200), `${when}, a new snapshot`);
        await storage.close();
        await expectFound(medium, sample(30, 200), `${when}, a new snapshot and reopening`);
      }),
  },
  {
    id: "SNAPSHOT-52",
    title: "Damaged data is given or refused, never replaced by another snapshot's",
    rule: "State Machine Safety (Raft §7): an older state under a newer index skips the entries between them",
    requires: ["SNAPSHOT-17", "SNAPSHOT-36"],
    capabilities: ["persistent", "damage"],
    async run(subject) {
      const source = await subject.medium();
      const { storage: writer } = await openSnapshots(source);
      const old = await save(writer, sample(20, 600));
      await writer.openReader(old.snapshotId);
      await save(writer, sample(30, 600));
      const both = await source.files();
      await writer.close();
      const medium = await subject.medium(2);
      for (const { name, at, files } of flips(both)) {
        await medium.replaceFiles(files);
        const { storage, newest } = await openSnapshots(medium);
        const data =
          newest?.index === 30 ? await readFrom(storage, newest).catch(() => undefined) : undefined;
        await storage.close();
        ensure(
          data === undefined || !isSame(data, sample(20, 600).data),
          `with a bit flipped in byte ${at} of ${name} the snapshot at index 30 has the data of the one at index 20`,
        );
      }
    },
  },
];
