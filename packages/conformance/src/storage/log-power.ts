// STORAGE-54 to 66: what was acknowledged is there after a power cut or a kill at any step, and
// each write whole or not at all.
import { ensure, fail } from "../expect.js";
import type { Case } from "../suite.js";
import { same } from "./check.js";
import { everyCrashPoint } from "./crash.js";
import type { LogMedium, Write } from "./log-helpers.js";
import {
  commands,
  compactThrough,
  contentAfterAll,
  found,
  openLog,
  resetTo,
  sameContent,
  truncateFrom,
  vote,
  written,
} from "./log-helpers.js";
import { contentOf } from "./log-model.js";
import { expectHigherRun } from "./log-opening.js";
import { randomHistory } from "./log-removal.js";
import type { Life } from "./log-story.js";
import { expectWhole, goOn, live, livesOf, openLeft, placeOf } from "./log-story.js";
import type { LogSubject } from "./medium.js";

const durable =
  "Leader Completeness (Raft §5.4.3; Figure 2: stable storage is updated before a server answers): a power cut takes back what a majority was counted for";
const atomic =
  "Log Matching (Raft §5.1, §5.3): term, vote and entries that came together rest on each other; half of them is a state that no server was ever in";

function survives(
  id: string,
  title: string,
  rule: string,
  requires: readonly string[],
  ...writes: Write[]
): Case<LogSubject> {
  return {
    id,
    title,
    rule,
    requires,
    capabilities: ["persistent", "powerCut"],
    async run(subject) {
      for (let seed = 1; seed <= 12; seed++) {
        const medium = await subject.medium(seed);
        await written(medium, writes);
        medium.powerCut();
        const { log, opened } = await openLeft(medium, 0, "a power cut");
        sameContent(contentOf(opened), contentAfterAll(writes), "after a power cut");
        await log.close();
      }
    },
  };
}

/** A case that lives the story, cuts it at every step, and looks at what is left. */
function atEveryStep(
  subject: LogSubject,
  crash: "kill" | "powerCut",
  look: (medium: LogMedium, life: Life, point: number) => Promise<void>,
  writes?: readonly Write[],
): Promise<void> {
  const newLife = livesOf(writes);
  let life = newLife();
  return everyCrashPoint<LogMedium>({
    medium: (seed) => subject.medium(seed),
    crash,
    live: (medium) => live(medium, (life = newLife())),
    after: (medium, point) => look(medium, life, point),
  });
}

/** A look that wants each write whole or not there, and none gone that was acknowledged. */
async function wholeAfterPowerCut(medium: LogMedium, life: Life, point: number): Promise<void> {
  expectWhole(
    (await openLeft(medium, point, "a power cut")).opened,
    life,
    `after a power cut at step ${point}`,
  );
}

export const powerCases: readonly Case<LogSubject>[] = [
  survives(
    "STORAGE-54",
    "Entries survive a power cut once their write has resolved",
    durable,
    ["STORAGE-10"],
    [commands(1, 1, "a")],
    [commands(2, 1, "b", "c")],
  ),
  survives(
    "STORAGE-55",
    "Term and vote survive a power cut once their write has resolved",
    "Election Safety (Raft §5.2): a server that forgets its vote votes twice in a term",
    ["STORAGE-08"],
    [vote(1, "n1")],
    [vote(2, "n2")],
  ),
  survives(
    "STORAGE-56",
    "What was truncated stays truncated after a power cut",
    "Log Matching (Raft §5.3): removed entries that come back are a fork",
    ["STORAGE-25"],
    [commands(1, 1, "a", "b", "c")],
    [truncateFrom(2)],
  ),
  survives(
    "STORAGE-57",
    "Compaction and reset survive a power cut once their write has resolved",
    "Log Matching (Raft §7): the log must begin where the snapshot ends",
    ["STORAGE-28", "STORAGE-33"],
    [commands(1, 1, "a", "b", "c")],
    [compactThrough(2, 1)],
    [resetTo(9, 4)],
  ),
  {
    id: "STORAGE-58",
    title: "The run and the incarnation that an opening returned survive a power cut",
    rule: "Election Safety (Raft §5.2): a run that is given out twice lets answers to the one count for the other; so does an incarnation that changes",
    requires: ["STORAGE-04", "STORAGE-05"],
    capabilities: ["persistent", "powerCut"],
    async run(subject) {
      for (let seed = 1; seed <= 12; seed++) {
        const medium = await subject.medium(seed);
        const {
          opened: { incarnation, run },
        } = await openLog(medium);
        for (let last = run, i = 2; i <= 4; i++) {
          medium.powerCut();
          const { opened } = await openLog(medium);
          last = expectHigherRun(opened, last, `opening ${i}, after those that power cuts ended,`);
          same(opened.incarnation, incarnation, "the incarnation after a power cut");
        }
      }
    },
  },
  {
    id: "STORAGE-59",
    title:
      "A power cut at any step of the first opening leaves a medium that opens as an empty log",
    rule: "Availability (Raft §5.5): a server that can't restart after losing what was never synced is lost without need",
    requires: ["STORAGE-01"],
    capabilities: ["persistent", "powerCut"],
    run: (subject) =>
      atEveryStep(
        subject,
        "powerCut",
        async (medium, life, point) => {
          const { opened } = await openLeft(medium, point, "a power cut");
          same(
            contentOf(opened),
            life.states[0],
            `the log after a power cut at step ${point} of its creation`,
          );
        },
        [],
      ),
  },
  {
    id: "STORAGE-60",
    title: "A power cut at any step takes back nothing that was acknowledged",
    rule: durable,
    requires: ["STORAGE-36", "STORAGE-54", "STORAGE-55", "STORAGE-56", "STORAGE-57", "STORAGE-59"],
    capabilities: ["persistent", "powerCut"],
    run: (subject) =>
      atEveryStep(subject, "powerCut", async (medium, life, point) => {
        const { opened } = await openLeft(medium, point, "a power cut");
        const place = placeOf(contentOf(opened), life);
        ensure(
          place === undefined || place >= life.acknowledged,
          `after a power cut at step ${point} the log is as after ${place} writes, but ${life.acknowledged} were acknowledged`,
        );
      }),
  },
  {
    id: "STORAGE-61",
    title: "A power cut at any step leaves each write whole or not at all",
    rule: atomic,
    requires: ["STORAGE-60"],
    capabilities: ["persistent", "powerCut"],
    run: (subject) => atEveryStep(subject, "powerCut", wholeAfterPowerCut),
  },
  {
    id: "STORAGE-62",
    title: "After a power cut at any step the log goes on and keeps what follows",
    rule: "Leader Completeness (Raft §5.4.3): what is written behind the remains of an interrupted write must be found again",
    requires: ["STORAGE-61"],
    capabilities: ["persistent", "powerCut"],
    run: (subject) =>
      atEveryStep(subject, "powerCut", async (medium, life, point) => {
        const { log, opened } = await openLeft(medium, point, "a power cut");
        life.begun = expectWhole(opened, life, `after a power cut at step ${point}`);
        await goOn(log, life);
        await log.close();
        const again = await openLeft(medium, point, "a power cut and a clean close");
        sameContent(
          contentOf(again.opened),
          life.states.at(-1) ?? fail("no states"),
          `after a power cut at step ${point}, the rest of the writes and a clean close`,
        );
      }),
  },
  {
    id: "STORAGE-63",
    title: "A power cut during the opening after a power cut loses nothing either",
    rule: "Leader Completeness (Raft §5.4.3): recovery writes too, and is interrupted too",
    requires: ["STORAGE-61"],
    capabilities: ["persistent", "powerCut"],
    async run(subject) {
      const newLife = livesOf();
      for (const firstCut of [3, 4, 7, 8, 10]) {
        let life = newLife();
        await everyCrashPoint<LogMedium>({
          medium: (seed) => subject.medium(seed + firstCut),
          crash: "powerCut",
          prepare: async (medium) => {
            life = newLife();
            await cutDuringWrite(medium, life, firstCut);
          },
          live: async (medium) => (await openLog(medium)).log.close(),
          after: async (medium, point) =>
            void expectWhole(
              (await openLeft(medium, point, "a power cut during recovery")).opened,
              life,
              `after a second power cut at step ${point} of the opening`,
            ),
        });
      }
    },
  },
  {
    id: "STORAGE-64",
    title:
      "A long history with compactions survives a power cut at any step, whole and without a hole",
    rule: "Log Matching (Raft §5.3): files that are removed, renamed or used again in the wrong order leave a hole, or bring back what was removed",
    requires: ["STORAGE-61"],
    capabilities: ["persistent", "powerCut"],
    run: (subject) =>
      atEveryStep(subject, "powerCut", wholeAfterPowerCut, randomHistory(64, 1, 60).flat()),
  },
  {
    id: "STORAGE-65",
    title:
      "A process that is killed at any step has lost nothing acknowledged, and each write is whole or not there",
    rule: atomic,
    requires: ["STORAGE-36"],
    capabilities: ["persistent", "kill"],
    run: (subject) =>
      atEveryStep(subject, "kill", async (medium, life, point) => {
        const before = life.opened;
        const { opened } = await openLeft(medium, point, "a kill");
        expectWhole(opened, life, `after a kill at step ${point}`);
        ensure(
          before === undefined ||
            (opened.run > before.run && opened.incarnation === before.incarnation),
          `after a kill at step ${point} the run must be above ${before?.run} and the incarnation the same, but it is run ${opened.run} of ${opened.incarnation}`,
        );
      }),
  },
  {
    id: "STORAGE-66",
    title:
      "What an opening returned is durable, also if it was written by a process that was killed before its sync",
    rule: "Leader Completeness (Raft §5.4.3): a server acknowledges at once what it found when it opened; a power cut must not take that back",
    requires: ["STORAGE-60", "STORAGE-65"],
    capabilities: ["persistent", "kill", "powerCut"],
    run: (subject) =>
      atEveryStep(subject, "kill", async (medium, _, point) => {
        const { opened } = await openLeft(medium, point, "a kill");
        const returned = contentOf(opened);
        medium.powerCut();
        sameContent(
          await found(medium),
          returned,
          `that an opening returned after a kill at step ${point}, then the power was cut: it`,
        );
      }),
  },
];

/** Lives until the write of this number is under way, and cuts the power at its second step. */
async function cutDuringWrite(medium: LogMedium, life: Life, number: number): Promise<void> {
  const { log, opened } = await openLog(medium);
  life.opened = opened;
  await goOn(log, life, number - 1);
  let steps = 0;
  await new Promise<void>((resolve) => {
    medium.setFault(() => {
      if (++steps !== 2) return undefined;
      resolve();
      return { type: "powerCut", when: "before" };
    });
    goOn(log, life).then(resolve, resolve);
  });
  medium.setFault(undefined);
  medium.powerCut();
}
