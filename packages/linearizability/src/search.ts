// Looks for an order of one part's operations that explains their answers: the search of Wing and Gong (1993) with the memo of
// Lowe (2017), in just-in-time order: an operation takes effect only when an answer needs it. Reports how far it got; judges nothing.
import { timelineOf } from "./timeline.js";
import type { Timeline } from "./timeline.js";
import type { Model, Operation } from "./types.js";
import { twinsOf } from "./twins.js";
import { createVisited } from "./visited.js";

export type Found<S> =
  /** `states` are all that were tried, here and below. */
  | { readonly kind: "explained"; readonly steps: number; readonly states: readonly S[] }
  /** No order explains all answers up to and including this operation's. */
  | { readonly kind: "stuck"; readonly operation: number; readonly steps: number; readonly states: readonly S[] }
  | { readonly kind: "undecided"; readonly steps: number; readonly states: readonly S[] };

/** What has happened so far: which of the open and of the unknown operations took effect, and what the system is. */
interface Place {
  readonly known: readonly number[];
  readonly unknown: readonly number[];
  readonly state: number;
  /** Of the operations that happened, the one that was called last: what was over before that can't happen any more. */
  readonly latest: number;
  /** The last thing that happened was an unknown operation, and nobody has read what it left. */
  readonly unseen: boolean;
}

/** The choices at one answer: places in order of how much was let happen first; those behind `expanded` could still let more happen. */
interface Choice {
  readonly answer: number;
  readonly queue: Place[];
  readonly next: Place[];
  tried: number;
  expanded: number;
}

/** @param operations in order of invocation @param believed those that must have happened; default: all with an answer */
export function search<S, I, O>(operations: readonly Operation<I, O>[], model: Model<S, I, O>, maxSteps: number, believed?: ReadonlySet<Operation<I, O>>): Found<S> {
  const timeline = timelineOf(operations, model, believed);
  const states = createStates(model, timeline);
  const moves = createMoves(timeline, states);
  const stack: Choice[] = [];
  let furthest = 0;
  let place: Place | undefined = moves.start();
  let answer = 0;
  while (place !== undefined && answer < timeline.answers.length) {
    furthest = Math.max(furthest, answer);
    stack.push({ answer, queue: [place], next: [], tried: 0, expanded: 0 });
    place = undefined;
    for (let top = stack.at(-1); top !== undefined && place === undefined; top = stack.at(-1)) {
      place = moves.advance(top, maxSteps);
      if (states.steps() > maxSteps) return { kind: "undecided", steps: states.steps(), states: states.all };
      if (place === undefined) stack.pop();
      else answer = top.answer + 1;
    }
  }
  if (place !== undefined) return { kind: "explained", steps: states.steps(), states: states.all };
  return { kind: "stuck", operation: timeline.answers[furthest] ?? 0, steps: states.steps(), states: states.all };
}

interface States<S> {
  readonly all: readonly S[];
  /** How often the model was asked, and what else was counted as work. */
  steps(): number;
  count(more: number): void;
  /** The states, by number, that an operation may leave. */
  after(state: number, operation: number): readonly number[];
}

/** Gives states numbers, so that the rest compares numbers. The initial state is 0. */
function createStates<S, I, O>(model: Model<S, I, O>, { operations }: Timeline<I, O>): States<S> {
  const all: S[] = [model.initial];
  const numbers = new Map([[model.key(model.initial), 0]]);
  let steps = 0;
  function numberOf(state: S): number {
    const key = model.key(state);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, all.length);
    return all.push(state) - 1;
  }
  return {
    all,
    steps: () => steps,
    count(more) {
      steps += more;
    },
    after(state, place) {
      const operation = operations[place] as Operation<I, O>;
      steps++;
      const left = model.step(all[state] as S, operation.input, operation.output);
      return left.length === 0 ? [] : left.map(numberOf);
    },
  };
}

interface Moves {
  start(): Place;
  /** @returns the next place behind this answer; undefined: there is none that wasn't tried before */
  advance(choice: Choice, maxSteps: number): Place | undefined;
}

function createMoves<S, I, O>(timeline: Timeline<I, O>, states: States<S>): Moves {
  const { operations, answers, open, unknown, unknownCount, passing, passed, bit, after, effects, ranks } = timeline;
  const knownWords = (timeline.width + 31) >>> 5;
  const unknownWords = (timeline.unknownWidth + 31) >>> 5;
  const visited = createVisited(knownWords, unknownWords);
  const readsAt = open.map((places) => places.filter((place) => effects[place] === "reads"));
  const twins = twinsOf(unknown.map((place) => (after[place] ?? -1) < 0 ? operations[place]?.input : undefined));
  const changing = [...unknown.keys()].filter((i) => effects[unknown[i] ?? 0] === "changes");
  const passingChanging = passing.map((places) => places.filter((place) => effects[place] === "changes"));
  const mayExpire = passing.some((places) => places.length > 0);
  const bitOf = (place: number) => bit[place] ?? 0;
  function endOf(place: number): number {
    return operations[place]?.completed ?? 0;
  }

  /** Whether an operation may happen now as far as its own client is concerned. */
  function isDue(place: number, answer: number, known: readonly number[]): boolean {
    const before = after[place] ?? -1;
    return before < 0 || has(known, bitOf(before)) || open[answer]?.includes(before) !== true;
  }

  /** It ended before something was called that has happened already. */
  function isOver(place: number, latest: number): boolean {
    return endOf(place) < (operations[latest]?.invoked ?? 0);
  }

  function later(a: number, b: number): number {
    return mayExpire ? Math.max(a, b) : 0;
  }

  /**
   * Lets happen at once what is open, changes nothing, and fits: waiting could only do harm. (That it was called ends other operations only
   * with its answer, which may allow too much among those that need not have happened, never too little.) Forgets what can't happen any more.
   */
  function settle(answer: number, place: { known: number[]; unknown: readonly number[]; state: number; latest: number; unseen: boolean }): Place {
    const { known, state, latest } = place;
    let { unseen } = place;
    for (const read of readsAt[answer] ?? []) {
      if (has(known, bitOf(read)) || !isDue(read, answer, known)) continue;
      const left = states.after(state, read);
      if (left.length !== 1 || left[0] !== state) continue;
      add(known, bitOf(read));
      unseen = false;
    }
    const used = place.unknown.slice();
    if (mayExpire && used.some((word) => word !== 0)) {
      const places = passing[answer] ?? [];
      states.count(1 + (places.length >>> 5));
      for (const passed of places) if (isOver(passed, latest)) remove(used, bitOf(passed));
    }
    return { known, unknown: used, state, latest, unseen };
  }

  function note(into: Place[], answer: number, place: Place): void {
    if (visited.add(answer, place.state, place.latest, place.known, place.unknown)) into.push(place);
  }

  /** Whether something open must come first by the model's ranks. */
  function isEarly(place: number, answer: number, known: readonly number[]): boolean {
    const rank = ranks[place];
    return rank !== undefined && open[answer]?.some((other) => (ranks[other] ?? rank) < rank && !has(known, bitOf(other))) === true;
  }

  /** What is unknown and was overwritten before anybody saw it might as well not have happened. */
  function isWasted(from: Place, place: number): boolean {
    return from.unseen && effects[place] === "overwrites";
  }

  function finish({ answer, next }: Choice, from: Place): void {
    const due = answers[answer] ?? 0;
    const done = has(from.known, bitOf(due));
    if (!done && (isWasted(from, due) || !isDue(due, answer, from.known) || isEarly(due, answer, from.known))) return;
    const used = from.unknown.slice();
    for (const over of passed[answer + 1] ?? []) remove(used, over);
    for (const state of done ? [from.state] : states.after(from.state, due)) {
      const known = from.known.slice();
      remove(known, bitOf(due));
      note(next, answer + 1, settle(answer + 1, { known, unknown: used, state, latest: later(from.latest, due), unseen: done && from.unseen }));
    }
  }

  function expand({ answer, queue }: Choice, from: Place, maxSteps: number): void {
    const due = answers[answer] ?? 0;
    // What is done needs no help, but its answer may be the last moment for what need not have happened.
    const done = has(from.known, bitOf(due));
    if (done && passing[answer]?.some((place) => isOver(place, due) && !isOver(place, from.latest)) !== true) return;
    for (const place of open[answer] ?? []) {
      if (place === due || has(from.known, bitOf(place)) || isWasted(from, place) || !isDue(place, answer, from.known) || isEarly(place, answer, from.known)) continue;
      for (const state of states.after(from.state, place)) {
        const known = from.known.slice();
        add(known, bitOf(place));
        note(queue, answer, settle(answer, { known, unknown: from.unknown, state, latest: later(from.latest, place), unseen: false }));
      }
    }
    if (!done && isUnseenAt(answer, from.known)) return;
    const called = unknownCount[answer] ?? 0;
    const late = (from.unseen ? passingChanging : passing)[answer] ?? [];
    // Going through a long list is work, too, even where nothing on it fits.
    states.count((from.unseen ? late.length : called + late.length) >>> 5);
    for (const i of from.unseen ? changing : unknown.keys()) {
      if (i >= called || states.steps() > maxSteps) break;
      const twin = unknown[twins[i] ?? -1];
      if (twin === undefined || has(from.unknown, bitOf(twin))) tryUnknown(answer, queue, from, unknown[i] ?? 0);
    }
    for (const place of late) if (states.steps() <= maxSteps) tryUnknown(answer, queue, from, place);
  }

  /** Whether everything that could happen next would overwrite what an unknown operation leaves: then it needn't be tried. */
  function isUnseenAt(answer: number, known: readonly number[]): boolean {
    return open[answer]?.every((place) => effects[place] === "overwrites" || has(known, bitOf(place))) === true;
  }

  function tryUnknown(answer: number, queue: Place[], from: Place, place: number): void {
    if (isWasted(from, place) || has(from.unknown, bitOf(place)) || isOver(place, from.latest) || !isDue(place, answer, from.known)) return;
    for (const state of states.after(from.state, place)) {
      if (state === from.state) continue;
      const used = from.unknown.slice();
      add(used, bitOf(place));
      note(queue, answer, settle(answer, { known: from.known.slice(), unknown: used, state, latest: later(from.latest, place), unseen: true }));
    }
  }

  return {
    start: () => settle(0, { known: zeros(knownWords), unknown: zeros(unknownWords), state: 0, latest: 0, unseen: false }),
    advance(choice, maxSteps) {
      for (;;) {
        const place = choice.next.pop();
        if (place !== undefined || states.steps() > maxSteps) return place;
        const untried = choice.queue[choice.tried];
        const unexpanded = choice.queue[choice.expanded];
        if (untried !== undefined) {
          choice.tried++;
          finish(choice, untried);
        } else if (unexpanded !== undefined) {
          choice.expanded++;
          expand(choice, unexpanded, maxSteps);
        } else return undefined;
      }
    },
  };
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}

function has(bits: readonly number[], bit: number): boolean {
  return ((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
}

function add(bits: number[], bit: number): void {
  bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
}

function remove(bits: number[], bit: number): void {
  bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) & ~(1 << (bit & 31));
}
