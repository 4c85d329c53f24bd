// A right state machine that is easy to make wrong: named lists of numbers, kept beside it when it
// is closed. Each part can be replaced by one that has a fault; without replacements it passes the
// suite.
import type { ApplyContext, Random, StateMachine } from "@raftkit/core";
import type { Machine } from "../../src/machine/bench.js";
import { restoreInto, snapshotOf } from "../../src/machine/bench.js";
import type { MachineSubject } from "../../src/machine/subject.js";

export type Command = {
  readonly op: "set" | "append" | "clear";
  readonly key: string;
  readonly items: number[];
};
export type Result = { readonly previous: readonly number[] | null; readonly writes: number };
export type Query = { readonly key: string } | "all";
export type ToyMachine = StateMachine<Command, Result, Query, unknown>;

export interface State {
  lists: Map<string, number[]>;
  /** How many commands had an effect. */
  writes: number;
  index: number;
}

export interface Toy {
  readonly apply: (
    state: State,
    command: Command,
    context: ApplyContext,
  ) => Result | Promise<Result>;
  readonly answer: (state: State, query: Query) => unknown;
  readonly snapshot: (state: State) => AsyncIterable<Uint8Array>;
  readonly restore: (
    state: State,
    source: AsyncIterable<Uint8Array>,
    position: Pick<ApplyContext, "index" | "term">,
  ) => Promise<void>;
  /** What `open` tells of a state that was kept. */
  readonly opened: (state: State) => number;
}

export function emptyState(): State {
  return { lists: new Map(), writes: 0, index: 0 };
}

export function applyRight(
  state: State,
  { op, key, items }: Command,
  { index }: ApplyContext,
): Result {
  const previous = state.lists.get(key);
  state.index = index;
  if (op === "clear" && previous === undefined) return { previous: null, writes: state.writes };
  state.writes++;
  if (op === "clear") state.lists.delete(key);
  else {
    state.lists.set(
      key,
      op === "set" || previous === undefined ? [...items] : [...previous, ...items].slice(-50),
    );
  }
  return { previous: previous ?? null, writes: state.writes };
}

export function answerRight(state: State, query: Query): unknown {
  return query === "all" ? [...state.lists] : (state.lists.get(query.key) ?? null);
}

/** Of snapshots. */
const VERSION = 1;

/**
 * A line for each list, and one at the end that tells how many there are. Lists are never changed,
 * only replaced.
 */
export function linesOf({ lists, writes, index }: State): readonly string[] {
  return [
    ...Array.from(lists, (entry) => `${JSON.stringify(entry)}\n`),
    `${JSON.stringify({ version: VERSION, count: lists.size, writes, index })}\n`,
  ];
}

export async function* chunksOf(lines: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const line of lines) {
    await Promise.resolve();
    yield new TextEncoder().encode(line);
  }
}

export function stateOf(text: string): State {
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new Error("the end is missing");
  const end = JSON.parse(lines.pop() ?? "") as Record<
    "version" | "count" | "writes" | "index",
    number
  >;
  if (end.version !== VERSION) throw new Error("another version");
  if (end.count !== lines.length) throw new Error("lists are missing");
  return {
    lists: new Map(lines.map((line) => JSON.parse(line) as [string, number[]])),
    writes: end.writes,
    index: end.index,
  };
}

export async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of source) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

const right: Toy = {
  apply: applyRight,
  answer: answerRight,
  snapshot: (state) => chunksOf(linesOf(state)),
  async restore(state, source, { index }) {
    Object.assign(state, stateOf(await textOf(source)), { index });
  },
  opened: ({ index }) => index,
};

/** @param faults the parts that are wrong, for all machines of the subject together */
export function createToySubject(
  faults: Partial<Toy> = {},
): MachineSubject<Command, Result, Query, unknown> {
  const toy = { ...right, ...faults };
  const disks = new WeakMap<object, State>();

  function create(state: State): ToyMachine {
    const machine: ToyMachine = {
      open: () => Promise.resolve(state.index === 0 ? 0 : toy.opened(state)),
      apply: (command, context) => toy.apply(state, command, context),
      query: (query) => toy.answer(state, query),
      snapshot: () => toy.snapshot(state),
      restore: (source, position) => toy.restore(state, source, position),
    };
    disks.set(machine, state);
    return machine;
  }

  return {
    machine: () => create(emptyState()),
    reopen: (machine) => create(disks.get(machine) ?? emptyState()),
    otherVersion: (snapshot) =>
      new TextEncoder().encode(
        new TextDecoder().decode(snapshot).replace('"version":1', '"version":2'),
      ),
    command,
    queries: ["all", { key: "a" }, { key: "h" }],
  };
}

function command(random: Random): Command {
  const below = (bound: number): number => Math.floor(random() * bound);
  const op = (["set", "append", "append", "clear"] as const)[below(4)] ?? "set";
  return {
    op,
    key: "abcdefgh"[below(8)] ?? "a",
    items: Array.from({ length: below(5) }, () => below(100)),
  };
}

/** The right machine, in which everything takes so long. */
export function createSlowSubject(delayMs: number): MachineSubject {
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));
  const right = createToySubject() as MachineSubject;
  const fast = new WeakMap<object, ReturnType<typeof right.machine>>();
  const slowed = async (made: ReturnType<typeof right.machine>): Promise<Machine> => {
    const machine = await made;
    const slow: Machine = {
      open: async () => (await machine.open?.()) ?? 0,
      apply: async (given, context) => {
        await pause();
        return machine.apply(given, context);
      },
      query: async (query) => {
        await pause();
        return machine.query(query);
      },
      snapshot: () => delayed(snapshotOf(machine), pause),
      restore: async (source, position) => {
        await pause();
        await restoreInto(machine, source, position);
      },
    };
    fast.set(slow, machine);
    return slow;
  };
  return {
    ...right,
    machine: () => slowed(right.machine()),
    reopen: async (machine) =>
      slowed(right.reopen?.((await fast.get(machine)) ?? machine) ?? right.machine()),
  };
}

async function* delayed(
  source: AsyncIterable<Uint8Array>,
  pause: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    await pause();
    yield chunk;
  }
}
