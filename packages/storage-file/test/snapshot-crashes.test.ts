// A crash at every step of a life with snapshots, and every part of what was not synced lost: what
// was committed is there, what is there is whole, and the next life goes on.
import type { SnapshotStorage } from "@raftkit/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Fault, Survival } from "@raftkit/storage-file/simulated-disk";
import { identity, seeded } from "./support/logs.js";
import { dataAt, isWhole, positionAt, save, setUp } from "./support/snapshots.js";

interface Progress {
  /** The index of the last commit that resolved, and those that were begun behind it. */
  acknowledged: number;
  attempted: number[];
}

/** Commits from `index` on: one after another, two at once, beside readers and aborted ones. */
async function live(storage: SnapshotStorage, from: number, progress: Progress): Promise<void> {
  const commit = async (index: number, bytes: number): Promise<void> => {
    const sink = await storage.create(positionAt(index));
    await sink.write(dataAt(index, bytes));
    progress.attempted.push(index);
    try {
      await sink.commit();
      progress.acknowledged = Math.max(progress.acknowledged, index);
    } catch (error) {
      if (!hasCode(error, "SNAPSHOT_OUTDATED")) throw error; // the other of two at once was first
    }
  };
  await commit(from, 1500);
  const { snapshotId } = await save(storage, from); // again, at the same index
  const reader = await storage.openReader(snapshotId);
  await reader.read(0, 100);
  const given = await storage.create(positionAt(from + 5));
  await given.write(dataAt(from + 5, 600));
  await commit(from + 1, 0);
  await given.abort();
  await Promise.all([commit(from + 2, 900), commit(from + 3, 2600)]);
  await reader.read(100, 100);
  await reader.close();
  await storage.close();
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** A folder as a kill left it: two snapshots, one of them old and still read, and one half written. */
async function leftovers({ disk, make }: ReturnType<typeof setUp>): Promise<Progress> {
  const storage = make();
  await storage.open(identity);
  await storage.openReader((await save(storage, 5)).snapshotId);
  await save(storage, 6);
  await (await storage.create(positionAt(7))).write(dataAt(7, 900));
  disk.kill();
  return { acknowledged: 6, attempted: [] };
}

/** What a new process finds. */
async function look(
  { make, files }: ReturnType<typeof setUp>,
  progress: Progress,
  when: string,
): Promise<void> {
  const storage = make();
  const newest = await storage.open(identity);
  const found = newest?.index ?? 0;
  const possible = progress.attempted.filter((index) => index >= progress.acknowledged);
  expect([progress.acknowledged, ...possible], when).toContain(found);
  if (newest !== undefined) expect(await isWhole(storage, newest), when).toBe(true);
  expect(files(".tmp"), when).toEqual([]);
  expect(files(".damaged"), when).toEqual([]);
  expect(files(".snap").length, when).toBe(newest === undefined ? 0 : 1);
  await storage.close();
  progress.acknowledged = found;
  progress.attempted = [];
}

const styles: readonly Survival[] = ["nothing", "everything", "prefix", "any", "reordered"];

test("a power cut at every step, whatever is lost: the snapshots that were committed, whole", async () => {
  let cuts = 0;
  for (const survival of styles) {
    for (let step = 1; ; step++) {
      const here = setUp(step);
      const progress = await leftovers(here);
      let left = step;
      here.disk.setFault(() => {
        if (--left === 0) here.disk.powerCut(survival);
        return undefined;
      });
      const storage = here.make();
      const isOver = await storage
        .open(identity)
        .then(() => live(storage, 10, progress))
        .then(
          () => true,
          () => false,
        );
      here.disk.setFault(undefined);
      if (left > 0) {
        expect(isOver).toBe(true);
        break;
      }
      cuts++;
      const when = `${survival} is left of step ${step}`;
      await look(here, progress, when);
      await live(await opened(here), 20, progress);
      here.disk.powerCut("nothing");
      await look(here, progress, `${when}, and after another life`);
      expect(progress.acknowledged).toBe(23);
    }
  }
  expect(cuts).toBeGreaterThan(250);
}, 120_000);

async function opened({ make }: ReturnType<typeof setUp>): Promise<SnapshotStorage> {
  const storage = make();
  await storage.open(identity);
  return storage;
}

test("a kill at every step, then a power cut behind an opening: what was returned stays", async () => {
  for (let step = 1; ; step++) {
    const here = setUp(step);
    const progress = await leftovers(here);
    let left = step;
    here.disk.setFault(() => {
      if (--left === 0) here.disk.kill();
      return undefined;
    });
    const storage = here.make();
    await storage
      .open(identity)
      .then(() => live(storage, 10, progress))
      .catch(() => undefined);
    here.disk.setFault(undefined);
    if (left > 0) break;
    const newest = await here.make().open(identity);
    here.disk.powerCut("nothing");
    const again = await here.make().open(identity);
    expect(again, `step ${step}`).toEqual(newest);
    here.disk.kill();
    await look(here, progress, `a kill at step ${step}`);
  }
});

test("lives and cuts at random, short writes and reads among them", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
      async (seed, cuts) => {
        const random = seeded(seed);
        const here = setUp(seed);
        const progress: Progress = { acknowledged: 0, attempted: [] };
        for (const [i, cut] of cuts.entries()) {
          let left = cut;
          here.disk.setFault(({ type }): Fault | undefined => {
            if (--left === 0) {
              return { type: "powerCut", when: random() < 0.5 ? "before" : "after" };
            }
            const isShort = (type === "write" || type === "read") && random() < 0.2;
            return isShort ? { type: "short", bytes: Math.floor(random() * 600) } : undefined;
          });
          const storage = here.make();
          await storage
            .open(identity)
            .then(() => live(storage, 10 * (i + 1), progress))
            .catch((error: unknown) => {
              if (left > 0) throw error;
            });
          here.disk.setFault(undefined);
          here.disk.powerCut();
          await look(here, progress, `cut ${i + 1}`);
        }
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
