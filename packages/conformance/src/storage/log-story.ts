// The life that the crash cases live again and again, and the question they ask of what is left:
// which of its states is it?
import type { LogStorage, OpenedLog } from "@raftkit/core";
import { fail } from "../expect.js";
import { createChance } from "../random.js";
import { show } from "../show.js";
import { short } from "./check.js";
import type { LogMedium, Write } from "./log-helpers.js";
import {
  bulk,
  commands,
  compactThrough,
  openLog,
  resetTo,
  truncateFrom,
  vote,
} from "./log-helpers.js";
import type { LogContent } from "./log-model.js";
import { contentAfter, contentOf, emptyContent } from "./log-model.js";

const chance = createChance(54);

/** Every kind of operation, alone and together; each write gives another state. */
const story: readonly Write[] = [
  [vote(1, "n1")],
  [commands(1, 1, "a")],
  [vote(2, "n2"), commands(2, 1, "b", "c"), commands(4, 2, "d")],
  [truncateFrom(3), commands(3, 2, "C")],
  [commands(4, 2, "D"), bulk(5, 2, chance, 700, 40)],
  [vote(3, null)],
  [compactThrough(2, 1), commands(7, 2, "g")],
  [vote(4, "n1"), truncateFrom(5), bulk(5, 4, chance, 1300), compactThrough(4, 2)],
  [truncateFrom(5)],
  [resetTo(9, 4), vote(5, "n3"), commands(10, 5, "j")],
  [bulk(11, 5, chance, 600), compactThrough(10, 5)],
  [truncateFrom(11), commands(11, 5, "k", "l")],
];

/** How far a life came. */
export interface Life {
  readonly writes: readonly Write[];
  /** The states before the first write and after each. */
  readonly states: readonly LogContent[];
  /** The same, as JSON. */
  readonly texts: readonly string[];
  /** How many writes were begun, and how many of them resolved. */
  begun: number;
  acknowledged: number;
  /** What the last opening said that resolved. */
  opened: OpenedLog | undefined;
}

/** @returns begins lives that all carry the same writes out; the story's unless told otherwise */
export function livesOf(writes: readonly Write[] = story): () => Life {
  const states = [emptyContent];
  for (const write of writes) states.push(contentAfter(states.at(-1) ?? emptyContent, write));
  const texts = states.map((state) => JSON.stringify(state));
  return () => ({ writes, states, texts, begun: 0, acknowledged: 0, opened: undefined });
}

/** Opens, carries out what the life has not begun yet, and closes. */
export async function live(medium: LogMedium, life: Life): Promise<void> {
  const { log, opened } = await openLog(medium);
  life.opened = opened;
  await goOn(log, life);
  await log.close();
}

/** Carries out the writes that the life has not begun yet, up to the one of this number. */
export async function goOn(
  log: LogStorage,
  life: Life,
  upTo: number = life.writes.length,
): Promise<void> {
  for (const operations of life.writes.slice(life.begun, upTo)) {
    life.begun++;
    await log.write(operations);
    life.acknowledged = life.begun;
  }
}

/**
 * After how many writes the log was as it was found now; undefined: never. Of several the one that
 * the life left last.
 */
export function placeOf(content: LogContent, { texts, begun }: Life): number | undefined {
  const text = JSON.stringify(content);
  const place = texts.slice(0, begun + 1).lastIndexOf(text);
  return place < 0 ? undefined : place;
}

/** Opens what a crash left; a storage that can't is not crash-safe. */
export async function openLeft(
  medium: LogMedium,
  point: number,
  crash: string,
): Promise<{ readonly log: LogStorage; readonly opened: OpenedLog }> {
  try {
    return await openLog(medium);
  } catch (error) {
    return fail(
      `after ${crash} at step ${point} the log must open again, but it was refused: ${show(error)}`,
      error,
    );
  }
}

/**
 * What was found must be the state after the last acknowledged write, or after the one that was
 * under way. @returns its place
 */
export function expectWhole(opened: OpenedLog, life: Life, when: string): number {
  const content = contentOf(opened);
  const place = placeOf(content, life);
  if (place !== undefined && place >= life.acknowledged) return place;
  const [text, expected] = [JSON.stringify(content), life.texts[life.acknowledged]];
  return fail(
    `${when}: ${life.acknowledged} writes were acknowledged and ${life.begun} begun; the log must be as after one of these, ${short(expected, text)}, but it is ${short(text, expected)}${place === undefined ? ", as it never was" : `, as after ${place}`}`,
  );
}
