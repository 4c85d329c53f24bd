// What the cases for state machines share: histories of commands, running them, asking everything,
// snapshots as bytes.
import type { Index, StateMachine } from "@raftkit/core";
import { joined } from "../bytes.js";
import { Unexpected, expectEqual } from "../expect.js";
import { toError } from "../show.js";
import type { Case } from "../suite.js";
import { createStory, paced, paceOf } from "./story.js";
import type { Place, Step, Story } from "./story.js";
import type { MachineSubject } from "./subject.js";

export type Machine = StateMachine<unknown, unknown, unknown, unknown>;

export interface Bench {
  readonly subject: MachineSubject;
  /** A fresh machine, opened; it is closed after the case. */
  machine(): Promise<Machine>;
  /**
   * Puts a machine among those that are closed after the case, and opens it. @returns what `open`
   * said; 0 without one
   */
  adopt(machine: Machine): Promise<Index>;
  /** Closes it now. */
  close(machine: Machine): Promise<void>;
  /** As many commands as the machine's pace allows; `wanted` for all but slow ones. */
  count(wanted: number): number;
  /** The beginning of a history of its own: the same for the same seed. */
  story(seed: number): Promise<Story>;
  /** The first commands of a story. */
  history(seed: number, length: number): Promise<readonly Step[]>;
}

/** A case of this suite: `body` gets a fresh bench. */
export function machineCase(
  fields: Pick<Case<MachineSubject>, "id" | "title" | "rule"> & {
    readonly requires?: readonly string[];
    readonly capabilities?: readonly string[];
  },
  body: (bench: Bench) => Promise<void>,
): Case<MachineSubject> {
  return { requires: [], capabilities: [], ...fields, run: (subject) => withBench(subject, body) };
}

async function withBench(
  subject: MachineSubject,
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const open = new Set<Machine>();
  const adopt = async (machine: Machine): Promise<Index> => {
    open.add(machine);
    return (await machine.open?.()) ?? 0;
  };
  const close = async (machine: Machine): Promise<void> => {
    open.delete(machine);
    await machine.close?.();
  };
  const machine = async (): Promise<Machine> => {
    const made = await subject.machine();
    await adopt(made);
    return made;
  };
  const story = async (seed: number): Promise<Story> => createStory(subject, await machine(), seed);
  try {
    const msPerCommand = await paceOf(await story(0));
    await body({
      subject,
      machine,
      adopt,
      close,
      story,
      count: (wanted) => paced(wanted, msPerCommand),
      history: async (seed, length) => (await story(seed)).draw(length),
    });
  } finally {
    for (const one of open) await close(one);
  }
}

/** Behind the last command of a history. */
export function endOf(steps: readonly Step[]): Place {
  return steps.at(-1)?.context ?? { index: 0, term: 1 };
}

/** Up to where machines have got, by what the cases applied to them and restored into them. */
const positions = new WeakMap<Machine, Place>();

/** Each machine gets commands of its own. @returns the results */
export async function applyAll(
  machine: Machine,
  steps: readonly Step[],
): Promise<readonly unknown[]> {
  const results: unknown[] = [];
  if (steps.length > 0) positions.set(machine, endOf(steps));
  for (const { command, context } of steps) {
    results.push(await machine.apply(structuredClone(command), context));
  }
  return results;
}

export async function askAll(
  subject: MachineSubject,
  machine: Machine,
): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  for (const query of subject.queries) answers.push(await machine.query(query));
  return answers;
}

/** @throws {Unexpected} that names the first query whose answer differs */
export async function expectState(
  subject: MachineSubject,
  machine: Machine,
  expected: readonly unknown[],
  what: string,
): Promise<void> {
  const answers = await askAll(subject, machine);
  answers.forEach((answer, i) =>
    expectEqual(answer, expected[i], `${what}: the answer to query ${i + 1}`),
  );
}

export function expectResults(
  actual: readonly unknown[],
  expected: readonly unknown[],
  what: string,
): void {
  actual.forEach((result, i) =>
    expectEqual(
      result,
      expected[i],
      `${what}: the result of command ${i + 1} of ${expected.length}`,
    ),
  );
}

/** The bytes of a whole snapshot, copied as they come. */
export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(Uint8Array.from(chunk));
  return joined(chunks);
}

/** What a snapshot that is taken of the machine now stands for. */
export function positionOf(machine: Machine): Place {
  return positions.get(machine) ?? { index: 1, term: 1 }; // the log begins with a configuration
}

/** A whole snapshot, and what it stands for. */
export interface Captured {
  readonly bytes: Uint8Array;
  readonly position: Place;
}

/** A snapshot that is taken now and read at once. */
export async function capture(machine: Machine): Promise<Captured> {
  const position = positionOf(machine);
  return { position, bytes: await collect(snapshotOf(machine)) };
}

/** A source of these chunks, as a snapshot storage would be read. */
export async function* sourceOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield chunk;
  }
}

/** @throws {Unexpected} where the target declares `snapshots` and its machine has none */
export function snapshotOf(machine: Machine): AsyncIterable<Uint8Array> {
  return present(machine.snapshot?.(), "snapshot");
}

/** @throws {Unexpected} as `snapshotOf` */
export async function restoreInto(
  machine: Machine,
  source: AsyncIterable<Uint8Array>,
  position: Place,
): Promise<void> {
  await present(machine.restore?.(source, position), "restore");
  positions.set(machine, position);
}

function present<T>(outcome: T | undefined, method: string): T {
  if (outcome !== undefined) return outcome;
  throw new Unexpected(
    `the target declares the capability snapshots, but its machine's ${method} is missing or returns nothing`,
  );
}

/** A fresh machine with this snapshot. */
export async function restored(bench: Bench, { bytes, position }: Captured): Promise<Machine> {
  const machine = await bench.machine();
  try {
    await restoreInto(machine, sourceOf(bytes), position);
  } catch (error) {
    throw new Unexpected(
      `restore refused a snapshot of ${bytes.length} bytes: ${toError(error).message}`,
      { cause: error },
    );
  }
  return machine;
}

/** Whether `restore` rejected. Its error is anybody's. */
export async function refusesToRestore(
  machine: Machine,
  source: AsyncIterable<Uint8Array>,
  position: Place,
): Promise<boolean> {
  try {
    await restoreInto(machine, source, position);
  } catch {
    return true;
  }
  return false;
}
