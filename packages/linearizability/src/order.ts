// What may happen when, by the timeline alone: the order of one client's operations, the ends of
// operations, the model's ranks and effects. Doesn't use the model's states.
import { has } from "./bits.js";
import type { Timeline } from "./timeline.js";

export interface Order {
  readonly bitOf: (place: number) => number;
  /** Whether an operation may happen now as far as its own client is concerned. */
  readonly isDue: (place: number, answer: number, known: readonly number[]) => boolean;
  /** It ended before something was called that has happened already. */
  readonly isOver: (place: number, latest: number) => boolean;
  /** Whether something open must come first by the model's ranks. */
  readonly isEarly: (place: number, answer: number, known: readonly number[]) => boolean;
  /** What is unknown and was overwritten before anybody saw it might as well not have happened. */
  readonly isWasted: (from: { readonly unseen: boolean }, place: number) => boolean;
  /**
   * Whether everything that could happen next would overwrite what an unknown operation leaves:
   * then it needn't be tried.
   */
  readonly isUnseenAt: (answer: number, known: readonly number[]) => boolean;
}

export function orderOf<I, O>(timeline: Timeline<I, O>): Order {
  const { operations, open, bit, after, effects, ranks } = timeline;
  const bitOf = (place: number) => bit[place] ?? 0;
  function endOf(place: number): number {
    return operations[place]?.completed ?? 0;
  }

  function isDue(place: number, answer: number, known: readonly number[]): boolean {
    const before = after[place] ?? -1;
    return before < 0 || has(known, bitOf(before)) || open[answer]?.includes(before) !== true;
  }

  function isOver(place: number, latest: number): boolean {
    return endOf(place) < (operations[latest]?.invoked ?? 0);
  }

  function isEarly(place: number, answer: number, known: readonly number[]): boolean {
    const rank = ranks[place];
    return (
      rank !== undefined &&
      open[answer]?.some((other) => (ranks[other] ?? rank) < rank && !has(known, bitOf(other))) ===
        true
    );
  }

  function isWasted(from: { readonly unseen: boolean }, place: number): boolean {
    return from.unseen && effects[place] === "overwrites";
  }

  function isUnseenAt(answer: number, known: readonly number[]): boolean {
    return (
      open[answer]?.every(
        (place) => effects[place] === "overwrites" || has(known, bitOf(place)),
      ) === true
    );
  }

  return { bitOf, isDue, isOver, isEarly, isWasted, isUnseenAt };
}
