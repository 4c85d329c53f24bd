// State machines whose captures don't last: right as long as one snapshot is read at a time, between
// commands, and nothing else happens.
import type { MachineSubject } from "../../src/machine/subject.js";
import { applyRight, chunksOf, linesOf, stateOf, textOf } from "../machine/toy.js";
import type { State, Toy } from "../machine/toy.js";
import type { Wrong } from "../support/caught.js";
import { wrongMachine } from "../support/wrong-machine.js";

/** What lists were when they were captured, of those that were replaced since. */
type Former = Map<string, number[] | undefined>;

/** Reads the lists one by one, in the state or among the former ones. */
function reads(state: State, former: Former): AsyncIterable<Uint8Array> {
  const { writes, index } = state;
  const keys = [...state.lists.keys()];
  return (async function* () {
    for (const key of keys) {
      const list = (former.has(key) ? former : state.lists).get(key) ?? [];
      yield* chunksOf(linesOf({ lists: new Map([[key, list]]), writes, index }).slice(0, 1));
    }
    const end = linesOf({ lists: new Map(keys.map((key) => [key, []])), writes, index }).slice(-1);
    yield* chunksOf(end);
  })();
}

function keep(former: Former, key: string, list: number[] | undefined): void {
  if (!former.has(key)) former.set(key, list);
}

/** What is replaced is kept for the newest capture alone. */
function newestOnly(): Partial<Toy> {
  const newest = new WeakMap<State, Former>();
  return {
    apply: (state, command, context) => {
      const former = newest.get(state);
      if (former !== undefined) keep(former, command.key, state.lists.get(command.key));
      return applyRight(state, command, context);
    },
    snapshot: (state) => {
      const former: Former = new Map();
      newest.set(state, former);
      return reads(state, former);
    },
    restore: async (state, source, { index }) => {
      const restored = stateOf(await textOf(source));
      const former = newest.get(state);
      if (former !== undefined) for (const [key, list] of state.lists) keep(former, key, list);
      Object.assign(state, restored, { index });
    },
  };
}

/** For every capture, by all that change the state. */
function keptBy(...by: readonly ("apply" | "late apply" | "restore")[]): Partial<Toy> {
  const captures = new WeakMap<State, Former[]>();
  const formers = (state: State): readonly Former[] => captures.get(state) ?? [];
  return {
    apply: async (state, command, context) => {
      const before = state.lists.get(command.key);
      const result = by.includes("apply") ? undefined : applyRight(state, command, context);
      // A moment in which somebody else has a turn, as in a transaction.
      if (result !== undefined) await new Promise((resolve) => setImmediate(resolve));
      for (const former of formers(state)) keep(former, command.key, before);
      return result ?? applyRight(state, command, context);
    },
    snapshot: (state) => {
      const former: Former = new Map();
      captures.set(state, [...formers(state), former]);
      return reads(state, former);
    },
    restore: async (state, source, { index }) => {
      const restored = stateOf(await textOf(source));
      if (by.includes("restore")) {
        for (const former of formers(state)) {
          for (const [key, list] of state.lists) keep(former, key, list);
        }
      }
      Object.assign(state, restored, { index });
    },
  };
}

export const wrongCaptures: readonly Wrong<MachineSubject>[] = [
  wrongMachine(
    "MACHINE-30",
    "what was there before is kept for the newest capture alone",
    /snapshot \d of 4 that were read in turns/,
    newestOnly,
  ),
  wrongMachine(
    "MACHINE-30",
    "what was there before is kept when a command ends, not when it begins",
    /snapshot \d of 4 that were read in turns/,
    () => keptBy("late apply", "restore"),
  ),
  wrongMachine(
    "MACHINE-31",
    "a capture that lasts over commands, not over a restore",
    /during which another one was restored/,
    () => keptBy("apply"),
  ),
  wrongMachine(
    "MACHINE-32",
    "no look at the version",
    /refuses a snapshot of another version/,
    () => ({
      restore: async (state, source, { index }) => {
        const text = await textOf(source);
        Object.assign(state, stateOf(text.replace('"version":2', '"version":1')), { index });
      },
    }),
  ),
  wrongMachine(
    "MACHINE-32",
    "a counter that is set before the version was looked at",
    /a machine that refused a snapshot of another version/,
    () => ({
      restore: async (state, source, { index }) => {
        const text = await textOf(source);
        const end = text.split("\n").at(-2) ?? "";
        if (end.includes('"version":2')) state.writes = (JSON.parse(end) as State).writes;
        Object.assign(state, stateOf(text), { index });
      },
    }),
  ),
];
