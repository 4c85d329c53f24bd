// STORAGE-67 to 75 and 88: a disk that says no. The write says no too, nothing is written any more,
// nothing acknowledged is lost.
import { ensure } from "../expect.js";
import { show } from "../show.js";
import type { Case } from "../suite.js";
import { refusal, rejection, same } from "./check.js";
import {
  commands,
  contentAfterAll,
  found,
  identity,
  openLog,
  sameContent,
  vote,
  written,
} from "./log-helpers.js";
import type { LogMedium } from "./log-helpers.js";
import { contentOf } from "./log-model.js";
import type { Life } from "./log-story.js";
import { expectWhole, goOn, live, livesOf, openLeft } from "./log-story.js";
import type { LogSubject, Step, StepFault } from "./medium.js";

const noSync =
  "Leader Completeness (Raft §5.4.3): after a failed sync the pages count as clean and nobody knows what is on disk; the server must stop";
const noSpace =
  "Leader Completeness (Raft §5.4.3): a write error that is swallowed loses what was acknowledged";
const start = [[vote(1, "n1"), commands(1, 1, "a")]];

function failing(
  kind: Step["kind"],
  code: "EIO" | "ENOSPC",
): (step: Step) => StepFault | undefined {
  return (step) => (step.kind === kind ? { type: "error", code } : undefined);
}

/** A log with one write, and a second one that is refused because all steps of a kind fail. */
async function failedWrite(medium: LogMedium, kind: Step["kind"], code: "EIO" | "ENOSPC") {
  const log = await written(medium, start);
  medium.setFault(failing(kind, code));
  await rejection(
    log.write([commands(2, 1, "b")]),
    `a write while every ${kind} fails with ${code}`,
  );
  medium.setFault(undefined);
  return log;
}

/**
 * Lives the story with one failing sync, for each sync of it, until something is refused; then
 * looks at what is left.
 */
async function withEachSyncFailing(
  subject: LogSubject,
  look: (medium: LogMedium, life: Life, sync: number) => Promise<void>,
): Promise<void> {
  const newLife = livesOf();
  for (let sync = 1; ; sync++) {
    const medium = await subject.medium(sync);
    const life = newLife();
    let left = sync;
    medium.setFault(({ kind }) =>
      kind === "sync" && --left === 0 ? { type: "error", code: "EIO" } : undefined,
    );
    await live(medium, life).catch(() => undefined);
    medium.setFault(undefined);
    if (left > 0) return;
    await look(medium, life, sync);
  }
}

export const failureCases: readonly Case<LogSubject>[] = [
  {
    id: "STORAGE-67",
    title: "A write whose sync fails is refused",
    rule: noSync,
    requires: [],
    capabilities: ["failedSync"],
    run: async (subject) => void (await failedWrite(await subject.medium(), "sync", "EIO")),
  },
  {
    id: "STORAGE-68",
    title: "After a failed sync all writes are refused, also when the disk is well again",
    rule: noSync,
    requires: ["STORAGE-67"],
    capabilities: ["failedSync"],
    async run(subject) {
      const log = await failedWrite(await subject.medium(), "sync", "EIO");
      for (const operations of [[commands(2, 1, "b")], [commands(3, 1, "c")], [vote(2, "n1")]]) {
        await rejection(log.write(operations), "a write after a failed sync");
      }
    },
  },
  {
    id: "STORAGE-69",
    title:
      "A failed sync is not tried again: at whichever step, a power cut afterwards takes nothing that was acknowledged",
    rule: noSync,
    requires: ["STORAGE-60", "STORAGE-67"],
    capabilities: ["persistent", "failedSync", "powerCut"],
    run: (subject) =>
      withEachSyncFailing(subject, async (medium, life, sync) => {
        medium.powerCut();
        expectWhole(
          (await openLeft(medium, sync, "a failed sync and a power cut")).opened,
          life,
          `after sync ${sync} failed and the power was cut`,
        );
      }),
  },
  {
    id: "STORAGE-70",
    title:
      "What is found after a failed sync is as after the acknowledged writes or the refused one, and stays",
    rule: "Leader Completeness (Raft §5.4.3): after a failed sync the page cache shows what the disk doesn't have; a server acknowledges at once what it found when it opened",
    requires: ["STORAGE-66", "STORAGE-69"],
    capabilities: ["persistent", "failedSync", "kill", "powerCut"],
    run: (subject) =>
      withEachSyncFailing(subject, async (medium, life, sync) => {
        medium.kill();
        const { opened } = await openLeft(medium, sync, "a failed sync and a kill");
        expectWhole(opened, life, `after sync ${sync} failed and the process was killed`);
        const returned = contentOf(opened);
        medium.powerCut();
        sameContent(
          await found(medium),
          returned,
          `that an opening returned after sync ${sync} failed, then the power was cut: it`,
        );
      }),
  },
  {
    id: "STORAGE-71",
    title: "After a failed sync the log can be closed, opened again and written to",
    rule: "Availability (Raft §5.5): an operator who mends the disk starts the server again",
    requires: ["STORAGE-68"],
    capabilities: ["persistent", "failedSync"],
    async run(subject) {
      const medium = await subject.medium();
      await (await failedWrite(medium, "sync", "EIO")).close();
      const { log, opened } = await openLog(medium);
      const content = contentOf(opened);
      ensure(
        content.entries.length === 1 || content.entries.length === 2,
        `after a failed sync the log must hold the acknowledged entry, and may hold the refused one; it holds ${content.entries.length}`,
      );
      const next = [[commands(content.entries.length + 1, 2, "next")]];
      for (const operations of next) await log.write(operations);
      await log.close();
      sameContent(
        await found(medium),
        contentAfterAll(next, content),
        "after a failed sync, an opening and another write",
      );
    },
  },
  {
    id: "STORAGE-72",
    title: "After a failed sync closing releases every handle",
    rule: "Availability (Raft §5.5): a server starts again in the same process, however its storage came to its end",
    requires: ["STORAGE-46", "STORAGE-68"],
    capabilities: ["failedSync", "handles"],
    async run(subject) {
      const medium = await subject.medium();
      const before = await medium.openHandles();
      await (await failedWrite(medium, "sync", "EIO")).close();
      same(await medium.openHandles(), before, "open handles after a failed sync and closing");
    },
  },
  {
    id: "STORAGE-73",
    title: "An opening on a disk that can't sync is refused with a clear error",
    rule: "Election Safety (Raft §5.2): a run that isn't durable is given out twice, and answers to the one count for the other",
    requires: ["STORAGE-67"],
    capabilities: ["failedSync"],
    async run(subject) {
      const medium = await subject.medium();
      const storage = medium.storage();
      medium.setFault(failing("sync", "EIO"));
      await refusal(storage.open(identity), "an opening while every sync fails");
      medium.setFault(undefined);
      await storage.close();
    },
  },
  {
    id: "STORAGE-74",
    title:
      "A write that finds no space is refused, and so are all after it, also when there is space again",
    rule: noSpace,
    requires: [],
    capabilities: ["fullDisk"],
    async run(subject) {
      const log = await failedWrite(await subject.medium(), "write", "ENOSPC");
      await rejection(log.write([commands(2, 1, "b")]), "a write after one that found no space");
    },
  },
  {
    id: "STORAGE-75",
    title: "After a full disk everything acknowledged is there, and the log goes on",
    rule: noSpace,
    requires: ["STORAGE-10", "STORAGE-74"],
    capabilities: ["persistent", "fullDisk"],
    async run(subject) {
      const newLife = livesOf();
      for (let full = 1; ; full++) {
        const medium = await subject.medium(full);
        const life = newLife();
        let left = full;
        medium.setFault(({ kind }) =>
          kind === "write" && --left <= 0 ? { type: "error", code: "ENOSPC" } : undefined,
        );
        const storage = medium.storage();
        await storage
          .open(identity)
          .then(() => goOn(storage, life))
          .catch(() => undefined);
        await storage.close();
        medium.setFault(undefined);
        const { log, opened } = await openLeft(medium, full, "a full disk");
        life.begun = expectWhole(opened, life, `after the disk was full from write ${full} on`);
        await goOn(log, life);
        await log.close();
        sameContent(
          await found(medium),
          contentAfterAll(life.writes),
          `after a disk that was full from write ${full} on, and the rest of the writes`,
        );
        if (left > 0) return;
      }
    },
  },
];

export const spaceCases: readonly Case<LogSubject>[] = [
  {
    id: "STORAGE-88",
    title:
      "A storage that says when space is short says so of a full disk only, then when there is some again; meanwhile it writes, and after a failed write it says nothing",
    rule: "Availability (Raft §5.5): a leader refuses commands while space is short; one that is told so by mistake, or never of the end, refuses them for ever",
    requires: ["STORAGE-74"],
    capabilities: ["fullDisk"],
    async run(subject) {
      const newLife = livesOf();
      for (let full = 0; ; full++) {
        const medium = await subject.medium(full + 1);
        const life = newLife();
        const said: boolean[] = [];
        let isOver = false;
        let left = full;
        // The disk is full for one write: whose it is, the storage knows.
        medium.setFault(({ kind }) =>
          kind === "write" && --left === 0 ? { type: "error", code: "ENOSPC" } : undefined,
        );
        const storage = medium.storage();
        try {
          await storage.open(identity, (isShort) => {
            ensure(!isOver, "a storage said something of space after a failed write");
            ensure(
              isShort === (said.at(-1) !== true),
              `a storage must say first that space is short, then that it isn't any more, and so on; it said ${String(isShort)} after ${said.length === 0 ? "nothing" : String(said.at(-1))}`,
            );
            said.push(isShort);
          });
          await goOn(storage, life);
        } catch (error) {
          isOver = true;
          ensure(
            left <= 0 && full > 0,
            `a write or an opening failed on a disk with room: ${show(error)}`,
          );
          ensure(
            said.at(-1) !== true,
            "a storage said that space is short, and failed a write although the disk had room again: it must keep a reserve",
          );
        }
        ensure(left <= 0 || said.length === 0, "a disk with room was called full");
        await storage.close();
        if (left > 0) return;
      }
    },
  },
];
