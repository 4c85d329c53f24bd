// Machine cases: captures that last while the state goes on, and snapshots of other versions. Of
// later than those in snapshots.ts: a suite grows at its end.
import { joined } from "../bytes.js";
import { expectTrue, Unexpected } from "../expect.js";
import type { Case } from "../suite.js";
import {
  applyAll,
  askAll,
  capture,
  collect,
  expectResults,
  expectState,
  machineCase,
  positionOf,
  refusesToRestore,
  restored,
  restoreInto,
  snapshotOf,
  sourceOf,
} from "./bench.js";
import type { Bench, Machine } from "./bench.js";
import type { Place, Step, Story } from "./story.js";
import type { MachineSubject } from "./subject.js";
import { COMMANDS, used, whole } from "./used.js";

/** So many captures are read at once. */
const CAPTURES = 4;
/** Few commands between them: each changes something else, for which all captures must be ready. */
const BETWEEN = 3;
/** What a command changes must be what is read while it is applied: that takes some luck. */
const ROUNDS = 6;

export const captureCases: readonly Case<MachineSubject>[] = [
  machineCase(
    {
      id: "MACHINE-30",
      title:
        "captures hold their own moments while they are read in turns, beside commands under way",
      requires: ["MACHINE-12", "MACHINE-14"],
      capabilities: ["snapshots"],
      rule: "State Machine Safety (Raft §7): pieces are written while entries go on being applied, asynchronous ones too; one snapshot may be on its way to a follower while the next is taken",
    },
    async (bench) => {
      const story = await bench.story(32);
      const machine = await bench.machine();
      await applyAll(machine, await story.draw(bench.count(COMMANDS)));
      for (let round = bench.count(ROUNDS); round > 0; round--) {
        await readInTurns(bench, machine, story);
      }
    },
  ),
  machineCase(
    {
      id: "MACHINE-31",
      title: "a restore while a snapshot is read isn't in it",
      requires: ["MACHINE-10", "MACHINE-12"],
      capabilities: ["snapshots"],
      rule: "State Machine Safety (Raft §7): a follower may be sent a snapshot while it writes its own; a mixture of both has the index of one of them",
    },
    async (bench) => {
      const [machine, other] = [await used(bench, 33), await used(bench, 34, 60)];
      const expected = await askAll(bench.subject, await restored(bench, await capture(machine)));
      const position = positionOf(machine);
      const reader = snapshotOf(machine)[Symbol.asyncIterator]();
      const first = await reader.next();
      const { bytes, position: place } = await capture(other);
      await restoreInto(machine, sourceOf(bytes), place);
      const chunks: Uint8Array[] = first.done === true ? [] : [Uint8Array.from(first.value)];
      chunks.push(await collect({ [Symbol.asyncIterator]: () => reader }));
      await expectState(
        bench.subject,
        await restored(bench, { bytes: joined(chunks), position }),
        expected,
        "a snapshot during which another one was restored",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-32",
      title: "restore refuses a snapshot of another version, and the state is as it was",
      requires: ["MACHINE-09"],
      capabilities: ["snapshots", "versioned"],
      rule: `${whole}; bytes that are read by other rules than they were written by are another state`,
    },
    async (bench) => {
      const { bytes, position } = await capture(await used(bench, 35));
      const foreign = bench.subject.otherVersion?.(bytes.slice());
      if (foreign === undefined) {
        throw new Unexpected("the target declares versioned, but its subject has no otherVersion");
      }
      const story = await bench.story(36);
      const [machine, untouched] = [await bench.machine(), await bench.machine()];
      const before = await story.draw(bench.count(60));
      for (const one of [machine, untouched]) await applyAll(one, before);
      const state = await askAll(bench.subject, machine);
      expectTrue(
        await refusesToRestore(machine, sourceOf(foreign), position),
        "restore refuses a snapshot of another version",
      );
      const what = "a machine that refused a snapshot of another version";
      await expectState(bench.subject, machine, state, what);
      const later = await story.draw(bench.count(60), { index: 10 * COMMANDS, term: 100 });
      expectResults(await applyAll(machine, later), await applyAll(untouched, later), what);
    },
  ),
];

interface Capture {
  readonly reader: AsyncIterator<Uint8Array>;
  readonly position: Place;
  readonly state: readonly unknown[];
  readonly chunks: Uint8Array[];
  isRead: boolean;
}

async function readInTurns(bench: Bench, machine: Machine, story: Story): Promise<void> {
  const captures: Capture[] = [];
  for (let i = 0; i < CAPTURES; i++) {
    captures.push({
      state: await askAll(bench.subject, machine),
      position: positionOf(machine),
      reader: snapshotOf(machine)[Symbol.asyncIterator](),
      chunks: [],
      isRead: false,
    });
    await applyAll(machine, await story.draw(BETWEEN));
  }
  // Of many small pieces the last ones are read without commands.
  for (let left = bench.count(COMMANDS); captures.some(({ isRead }) => !isRead); left--) {
    const [step] = await story.draw(left > 0 ? 1 : 0);
    await beside(machine, step, captures);
  }
  for (const [i, { chunks, position, state }] of captures.entries()) {
    await expectState(
      bench.subject,
      await restored(bench, { bytes: joined(chunks), position }),
      state,
      `snapshot ${i + 1} of ${CAPTURES} that were read in turns, while commands were applied`,
    );
  }
}

/** The next piece of each is read while the command is being applied. */
async function beside(
  machine: Machine,
  step: Step | undefined,
  captures: readonly Capture[],
): Promise<void> {
  const applied = step === undefined ? undefined : applyAll(machine, [step]);
  for (const one of captures) {
    if (one.isRead) continue;
    const { done, value } = await one.reader.next();
    if (done === true) one.isRead = true;
    else one.chunks.push(Uint8Array.from(value));
  }
  await applied;
}
