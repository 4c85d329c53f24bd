// STORAGE-76 to 79: one flipped bit anywhere. A log that can't be trusted is refused; it never says
// something else in silence.
import type { OpenedLog } from "@raftkit/core";
import { ensure, fail, isRaftkitError } from "../expect.js";
import { show } from "../show.js";
import type { Case } from "../suite.js";
import { flips, sameFiles } from "./damage.js";
import type { LogMedium } from "./log-helpers.js";
import { identity, openLog } from "./log-helpers.js";
import { contentOf } from "./log-model.js";
import type { Life } from "./log-story.js";
import { goOn, livesOf, placeOf } from "./log-story.js";
import type { LogSubject } from "./medium.js";

const rule =
  "Leader Completeness (Raft §5.4.3): damage that is taken for an interrupted write takes acknowledged entries away";

interface Outcome {
  readonly where: string;
  readonly life: Life;
  readonly incarnation: string;
  /** What the opening gave: a log, or an error. */
  readonly opened: OpenedLog | undefined;
  readonly error: unknown;
  readonly changed: boolean;
}

/**
 * Opens the story's log with one bit flipped, again and again: as a kill leaves it, and as closing
 * leaves it.
 */
async function withEachFlip(subject: LogSubject, look: (outcome: Outcome) => void): Promise<void> {
  const life = livesOf()();
  const medium = await subject.medium();
  const {
    log,
    opened: { incarnation },
  } = await openLog(medium);
  await goOn(log, life);
  const left = await medium.files();
  await log.close();
  const closed = await medium.files();
  const scratch = await subject.medium(2);
  for (const files of [left, closed]) {
    for (const flip of flips(files)) {
      await scratch.replaceFiles(flip.files);
      look({
        where: `byte ${flip.at} of ${flip.name}`,
        life,
        incarnation,
        ...(await tryToOpen(scratch, flip.files)),
      });
    }
  }
}

async function tryToOpen(
  medium: LogMedium,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Pick<Outcome, "opened" | "error" | "changed">> {
  const storage = medium.storage();
  try {
    return { opened: await storage.open(identity), error: undefined, changed: false };
  } catch (error) {
    return { opened: undefined, error, changed: !sameFiles(await medium.files(), files) };
  } finally {
    await storage.close();
  }
}

export const damageCases: readonly Case<LogSubject>[] = [
  {
    id: "STORAGE-76",
    title: "With one bit flipped anywhere, no opening returns what was never stored",
    rule: "State Machine Safety (Raft §5.4.3): a replica that applies a changed command differs from the others for ever",
    requires: ["STORAGE-36"],
    capabilities: ["persistent", "damage"],
    run: (subject) =>
      withEachFlip(subject, ({ where, life, incarnation, opened }) => {
        if (opened === undefined) return;
        ensure(
          placeOf(contentOf(opened), life) !== undefined,
          `with a bit flipped in ${where} the log must be refused, or be as it was, but it opened with a content that it never had`,
        );
        ensure(
          opened.incarnation === incarnation,
          `with a bit flipped in ${where} the log opened under another incarnation: ${opened.incarnation} instead of ${incarnation}`,
        );
      }),
  },
  {
    id: "STORAGE-77",
    title:
      "With one bit flipped anywhere, nothing but the last write is ever taken for an interrupted one and cut",
    rule,
    requires: ["STORAGE-76"],
    capabilities: ["persistent", "damage"],
    run: (subject) =>
      withEachFlip(subject, ({ where, life, opened }) => {
        const place = opened && placeOf(contentOf(opened), life);
        ensure(
          place === undefined || place >= life.acknowledged - 1,
          `with a bit flipped in ${where} the log must be refused, but it opened as after ${place} of ${life.acknowledged} acknowledged writes`,
        );
      }),
  },
  {
    id: "STORAGE-78",
    title: "The log with a flipped bit is refused with a clear error",
    rule: "Availability (Raft §5.5): whoever finds the server stopped must learn that the disk is damaged, not that a number was undefined",
    requires: [],
    capabilities: ["persistent", "damage"],
    run: (subject) =>
      withEachFlip(subject, ({ where, opened, error }) => {
        if (opened === undefined && !isRaftkitError(error)) {
          fail(
            `with a bit flipped in ${where} the opening must be refused with a RaftkitError, it was refused with ${show(error)}`,
            error,
          );
        }
      }),
  },
  {
    id: "STORAGE-79",
    title: "A log that is refused for damage is left as it is",
    rule: "Leader Completeness (Raft §5.4.3): what is left of the log is all that an operator has to mend the cluster with",
    requires: [],
    capabilities: ["persistent", "damage"],
    run: (subject) =>
      withEachFlip(subject, ({ where, changed }) =>
        ensure(
          !changed,
          `with a bit flipped in ${where} the log was refused, but its files were changed`,
        ),
      ),
  },
];
