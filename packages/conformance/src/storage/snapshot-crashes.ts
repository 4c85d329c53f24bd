// SNAPSHOT-27 to 36: power cuts and kills at any step, a disk that says no, and flipped bits.
import type { SnapshotPosition, SnapshotStorage } from "@raftkit/core";
import { ensure, fail } from "../expect.js";
import type { Case } from "../suite.js";
import { rejection, works } from "./check.js";
import { everyCrashPoint } from "./crash.js";
import { crc32 } from "./crc32.js";
import { flips } from "./damage.js";
import { identity } from "./log-helpers.js";
import type { SnapshotSubject } from "./medium.js";
import {
  expectFound,
  expectSample,
  filled,
  openSnapshots,
  readFrom,
  sample,
  save,
  whichOf,
} from "./snapshot-helpers.js";
import type { Sample, SnapshotMedium } from "./snapshot-helpers.js";

const durable =
  "Leader Completeness (Raft §7, §5.4): once a snapshot is saved the log before it is removed; when a power cut takes the snapshot back, the state is lost";
const halves =
  "State Machine Safety (Raft §7): half a snapshot is a state that no server was ever in";
const samples: readonly Sample[] = [
  sample(10, 400),
  sample(20, 900),
  sample(30, 120),
  sample(40, 600),
];

/**
 * How far a life came: which of the samples the last acknowledged and the last attempted commit was
 * for.
 */
interface SnapshotLife {
  acknowledged: number;
  begun: number;
}

async function live(medium: SnapshotMedium, life: SnapshotLife): Promise<void> {
  const { storage } = await openSnapshots(medium);
  await goOn(storage, life);
  await storage.close();
}

async function goOn(storage: SnapshotStorage, life: SnapshotLife): Promise<void> {
  for (const snapshot of samples.slice(life.begun)) {
    const sink = await filled(storage, snapshot);
    if (life.begun === 1) await (await filled(storage, sample(15))).abort();
    life.begun++;
    await sink.commit();
    life.acknowledged = life.begun;
  }
}

/**
 * Lives through all samples, cut at every step; what is left must be the last one acknowledged, or
 * the one that was being committed.
 */
async function atEveryStep(
  subject: SnapshotSubject,
  crash: "kill" | "powerCut",
  look: (medium: SnapshotMedium, life: SnapshotLife, point: number) => Promise<void>,
): Promise<void> {
  let life: SnapshotLife = { acknowledged: 0, begun: 0 };
  await everyCrashPoint<SnapshotMedium>({
    medium: (seed) => subject.medium(seed),
    crash,
    live: (medium) => live(medium, (life = { acknowledged: 0, begun: 0 })),
    after: (medium, point) => look(medium, life, point),
  });
}

/** @returns how many of the samples are there: the place of the newest one, from 1; 0: none */
async function placeFound(medium: SnapshotMedium, when: string): Promise<number> {
  const { storage, newest } = await openSnapshots(medium);
  const place =
    newest === undefined ? 0 : samples.indexOf(await whichOf(storage, newest, samples, when)) + 1;
  await storage.close();
  return place;
}

function failing(medium: SnapshotMedium, kind: "sync" | "write", code: "EIO" | "ENOSPC"): void {
  medium.setFault((step) => (step.kind === kind ? { type: "error", code } : undefined));
}

export const crashSnapshotCases: readonly Case<SnapshotSubject>[] = [
  {
    id: "SNAPSHOT-27",
    title: "A snapshot survives a power cut once its commit has resolved",
    rule: durable,
    requires: ["SNAPSHOT-09"],
    capabilities: ["persistent", "powerCut"],
    async run(subject) {
      for (let seed = 1; seed <= 12; seed++) {
        const medium = await subject.medium(seed);
        await save((await openSnapshots(medium)).storage, sample(20, 2000));
        medium.powerCut();
        await expectFound(medium, sample(20, 2000), "after a power cut");
      }
    },
  },
  {
    id: "SNAPSHOT-28",
    title:
      "A power cut at any step takes no committed snapshot back: the old one goes when the new one is durable",
    rule: durable,
    requires: ["SNAPSHOT-10", "SNAPSHOT-27"],
    capabilities: ["persistent", "powerCut"],
    run: (subject) =>
      atEveryStep(subject, "powerCut", async (medium, life, point) => {
        const newest = (await openSnapshots(medium)).newest;
        const place =
          newest === undefined ? 0 : samples.findIndex(({ index }) => index === newest.index) + 1;
        ensure(
          place >= life.acknowledged,
          `after a power cut at step ${point} the newest snapshot must be number ${life.acknowledged} or a later one, but it is number ${place} (0: none)`,
        );
      }),
  },
  {
    id: "SNAPSHOT-29",
    title: "What a power cut at any step leaves is a whole snapshot, never a part of one",
    rule: halves,
    requires: ["SNAPSHOT-28"],
    capabilities: ["persistent", "powerCut"],
    run: (subject) =>
      atEveryStep(subject, "powerCut", async (medium, life, point) => {
        const place = await placeFound(medium, `after a power cut at step ${point}`);
        ensure(
          place <= life.begun,
          `after a power cut at step ${point} there is snapshot number ${place}, but only ${life.begun} commits were begun`,
        );
      }),
  },
  {
    id: "SNAPSHOT-30",
    title: "After a power cut at any step snapshots go on as before",
    rule: "Availability (Raft §7): what an interrupted snapshot left behind must not be in the way of the next",
    requires: ["SNAPSHOT-29"],
    capabilities: ["persistent", "powerCut"],
    run: (subject) =>
      atEveryStep(subject, "powerCut", async (medium, life, point) => {
        const { storage } = await openSnapshots(medium);
        life.begun = Math.min(life.begun, samples.length - 1);
        await works(
          goOn(storage, life),
          `after a power cut at step ${point} the rest of the snapshots`,
        );
        await storage.close();
        await expectFound(
          medium,
          samples.at(-1),
          `after a power cut at step ${point} and the rest of the snapshots`,
        );
      }),
  },
  {
    id: "SNAPSHOT-31",
    title:
      "A process that is killed at any step leaves the last committed snapshot or the one that was being committed",
    rule: halves,
    requires: ["SNAPSHOT-10"],
    capabilities: ["persistent", "kill"],
    run: (subject) =>
      atEveryStep(subject, "kill", async (medium, life, point) => {
        const place = await placeFound(medium, `after a kill at step ${point}`);
        ensure(
          place >= life.acknowledged && place <= life.begun,
          `after a kill at step ${point} the newest snapshot is number ${place}, but ${life.acknowledged} were committed and ${life.begun} begun`,
        );
      }),
  },
  {
    id: "SNAPSHOT-32",
    title:
      "What an opening returned is durable, also if the process that wrote it was killed before its sync",
    rule: "Leader Completeness (Raft §7, §5.4): a server that starts from a snapshot builds on it at once",
    requires: ["SNAPSHOT-29", "SNAPSHOT-31"],
    capabilities: ["persistent", "kill", "powerCut"],
    run: (subject) =>
      atEveryStep(subject, "kill", async (medium, _, point) => {
        const place = await placeFound(medium, `after a kill at step ${point}`);
        medium.powerCut();
        const again = await placeFound(
          medium,
          `after a kill at step ${point}, an opening and a power cut`,
        );
        ensure(
          again === place,
          `after a kill at step ${point} an opening returned snapshot number ${place}; after a power cut it is number ${again}`,
        );
      }),
  },
  {
    id: "SNAPSHOT-33",
    title: "A commit whose syncs fail is refused, and the snapshot before stays",
    rule: "Leader Completeness (Raft §7, §5.4): after a failed sync nobody knows what is on disk, and the log is about to be removed",
    requires: ["SNAPSHOT-09"],
    capabilities: ["persistent", "failedSync"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      await save(storage, sample(20));
      failing(medium, "sync", "EIO");
      await rejection(save(storage, sample(30)), "a snapshot while every sync fails");
      medium.setFault(undefined);
      await storage.close();
      const { storage: again, newest } = await openSnapshots(medium);
      if (newest === undefined) {
        fail(
          "after a commit that was refused the snapshot before it must be there, but there is none",
        );
      } else {
        await whichOf(again, newest, [sample(20), sample(30)], "after a commit that was refused");
      }
    },
  },
  {
    id: "SNAPSHOT-34",
    title:
      "Whichever sync fails, and only once: a power cut afterwards takes no committed snapshot back",
    rule: "Leader Completeness (Raft §7, §5.4): a failed sync that is tried again succeeds, for the pages count as clean, and they are not on disk",
    requires: ["SNAPSHOT-28", "SNAPSHOT-33"],
    capabilities: ["persistent", "failedSync", "powerCut"],
    async run(subject) {
      for (let sync = 1; ; sync++) {
        const medium = await subject.medium(sync);
        const life: SnapshotLife = { acknowledged: 0, begun: 0 };
        let left = sync;
        medium.setFault(({ kind }) =>
          kind === "sync" && --left === 0 ? { type: "error", code: "EIO" } : undefined,
        );
        await live(medium, life).catch(() => undefined);
        medium.setFault(undefined);
        if (left > 0) return;
        medium.powerCut();
        const place = await placeFound(medium, `after sync ${sync} failed and a power cut`);
        ensure(
          place >= life.acknowledged,
          `after sync ${sync} failed and a power cut the newest snapshot is number ${place}, but ${life.acknowledged} were committed`,
        );
      }
    },
  },
  {
    id: "SNAPSHOT-35",
    title:
      "A snapshot that finds no space is refused, the one before stays, and with space again the next one works",
    rule: "State Machine Safety (Raft §7): a write error that is swallowed makes a snapshot with a hole",
    requires: ["SNAPSHOT-13"],
    capabilities: ["persistent", "fullDisk"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      await save(storage, sample(20));
      failing(medium, "write", "ENOSPC");
      await rejection(save(storage, sample(30)), "a snapshot while there is no space");
      medium.setFault(undefined);
      await storage.close();
      await expectFound(medium, sample(20), "after a snapshot that found no space");
      const { storage: again } = await openSnapshots(medium);
      await expectSample(
        again,
        await works(save(again, sample(40)), "a snapshot when there is space again"),
        sample(40),
        "when there is space again",
      );
    },
  },
  {
    id: "SNAPSHOT-36",
    title:
      "One bit flipped anywhere is never unnoticed: refused, or not as crc says, or without effect",
    rule: "State Machine Safety (Raft §5.4.3): a replica that restores a changed snapshot differs from the others for ever",
    requires: ["SNAPSHOT-09"],
    capabilities: ["persistent", "damage"],
    async run(subject) {
      const medium = await subject.medium();
      const { storage } = await openSnapshots(medium);
      await save(storage, sample(20, 500));
      await save(storage, sample(30, 500));
      await storage.close();
      const scratch = await subject.medium(2);
      for (const { name, at, files } of flips(await medium.files())) {
        await scratch.replaceFiles(files);
        await expectNoticed(
          scratch.storage(),
          [sample(20, 500), sample(30, 500)],
          `with a bit flipped in byte ${at} of ${name}`,
        );
      }
    },
  },
];

async function expectNoticed(
  storage: SnapshotStorage,
  written: readonly Sample[],
  when: string,
): Promise<void> {
  try {
    const meta = await storage.open(identity);
    if (meta === undefined) return;
    const data = await readFrom(storage, meta);
    if (data.length !== meta.bytes || crc32(data) !== meta.crc) return;
    const said = pictureOf(meta, meta.crc);
    if (written.some((snapshot) => pictureOf(snapshot, crc32(snapshot.data)) === said)) return;
  } catch {
    return; // it was refused
  } finally {
    await storage.close().catch(() => undefined);
  }
  fail(`${when} the storage returned a snapshot that nobody wrote, with a crc that is right`);
}

function pictureOf(position: SnapshotPosition, crc: number): string {
  const { index, term, configuration, configurationIndex } = position;
  return JSON.stringify([index, term, configuration, configurationIndex, crc]);
}
