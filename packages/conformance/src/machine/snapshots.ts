// Machine cases: a snapshot is the whole state at one moment, and restore brings exactly that back.
// What restore owes to the bytes it is given is in restoring.ts.
import { joined } from "../bytes.js";
import { expectEqual, expectEqualBytes, expectTrue } from "../expect.js";
import type { Case } from "../suite.js";
import {
  applyAll,
  askAll,
  capture,
  collect,
  endOf,
  expectResults,
  expectState,
  machineCase,
  positionOf,
  restored,
  restoreInto,
  snapshotOf,
  sourceOf,
} from "./bench.js";
import { restoreCases } from "./restoring.js";
import type { Place } from "./story.js";
import type { MachineSubject } from "./subject.js";
import { COMMANDS, used, whole } from "./used.js";

const moment =
  "State Machine Safety (Raft §7): entries are applied while a snapshot is written; one that holds half of them claims an index that it doesn't have";

const ofSnapshots: readonly Case<MachineSubject>[] = [
  machineCase(
    {
      id: "MACHINE-08",
      title: "a snapshot brings the same state into another instance",
      requires: ["MACHINE-02"],
      rule: whole,
    },
    async (bench) => {
      for (const commands of [0, 1, COMMANDS]) {
        const machine = await used(bench, 8, commands);
        const copy = await restored(bench, await capture(machine));
        await expectState(
          bench.subject,
          copy,
          await askAll(bench.subject, machine),
          `a copy of the state after ${commands} commands`,
        );
      }
    },
  ),
  machineCase(
    {
      id: "MACHINE-09",
      title: "after restore, later commands give the same results as without it",
      requires: ["MACHINE-08"],
      rule: `${whole}; also of what no query shows`,
    },
    async (bench) => {
      const story = await bench.story(9);
      const machine = await bench.machine();
      await applyAll(machine, await story.draw(bench.count(COMMANDS)));
      const copy = await restored(bench, await capture(machine));
      const later = await story.draw(bench.count(COMMANDS));
      const [results, copied] = [await applyAll(machine, later), await applyAll(copy, later)];
      expectResults(copied, results, "a machine that was restored");
      await expectState(
        bench.subject,
        copy,
        await askAll(bench.subject, machine),
        "a machine that was restored, after later commands",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-10",
      title: "restore replaces everything that was there",
      requires: ["MACHINE-09"],
      rule: `${whole}: what a follower had applied before may not shine through`,
    },
    async (bench) => {
      for (const [kept, replaced] of [
        [COMMANDS, 100],
        [0, COMMANDS],
        [5, COMMANDS],
      ] as const) {
        const story = await bench.story(11);
        const [source, target] = [await bench.machine(), await used(bench, 12, replaced)];
        await applyAll(source, await story.draw(bench.count(kept)));
        const { bytes, position } = await capture(source);
        await restoreInto(target, sourceOf(bytes), position);
        const later = await story.draw(bench.count(50), { index: 10 * COMMANDS, term: 100 });
        await expectState(
          bench.subject,
          target,
          await askAll(bench.subject, source),
          "a machine that had another state before",
        );
        expectResults(
          await applyAll(target, later),
          await applyAll(source, later),
          "a machine that had another state before",
        );
      }
    },
  ),
  machineCase(
    {
      id: "MACHINE-11",
      title: "what is applied between snapshot() and the first read isn't in it",
      requires: ["MACHINE-08"],
      rule: moment,
    },
    async (bench) => {
      const story = await bench.story(14);
      const machine = await bench.machine();
      await applyAll(machine, await story.draw(bench.count(COMMANDS)));
      const expected = await askAll(bench.subject, await restored(bench, await capture(machine)));
      const [snapshot, position] = [snapshotOf(machine), positionOf(machine)];
      await applyAll(machine, await story.draw(bench.count(COMMANDS)));
      await expectState(
        bench.subject,
        await restored(bench, { bytes: await collect(snapshot), position }),
        expected,
        "a snapshot that was read later",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-12",
      title: "what is applied while a snapshot is read isn't in it",
      requires: ["MACHINE-11"],
      rule: moment,
    },
    async (bench) => {
      const story = await bench.story(16);
      const machine = await bench.machine();
      await applyAll(machine, await story.draw(bench.count(10 * COMMANDS)));
      const expected = await askAll(bench.subject, await restored(bench, await capture(machine)));
      const chunks: Uint8Array[] = [];
      const position = positionOf(machine);
      for await (const chunk of snapshotOf(machine)) {
        chunks.push(Uint8Array.from(chunk));
        await applyAll(machine, await story.draw(bench.count(50)));
      }
      await expectState(
        bench.subject,
        await restored(bench, { bytes: joined(chunks), position }),
        expected,
        "a snapshot during which commands were applied",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-13",
      title: "a snapshot changes nothing in the machine, also one that is given up or never read",
      requires: ["MACHINE-08"],
      rule: "State Machine Safety (Raft §7): each node takes snapshots when it likes, so they may not be seen in results",
    },
    async (bench) => {
      const [plain, busy] = [await bench.machine(), await bench.machine()];
      const steps = await bench.history(17, bench.count(COMMANDS));
      const results = await applyAll(plain, steps);
      const resultsOfBusy: unknown[] = [];
      for (const [i, step] of steps.entries()) {
        resultsOfBusy.push(...(await applyAll(busy, [step])));
        if (i % 15 === 0) await collect(snapshotOf(busy));
        if (i % 15 === 5) snapshotOf(busy);
        if (i % 15 === 10) for await (const chunk of snapshotOf(busy)) if (chunk.length >= 0) break;
      }
      expectResults(resultsOfBusy, results, "a machine of which snapshots are taken");
      await expectState(
        bench.subject,
        busy,
        await askAll(bench.subject, plain),
        "a machine of which snapshots were taken",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-14",
      title: "two snapshots that are read at the same time are independent",
      requires: ["MACHINE-11"],
      rule: `${moment}; a slow follower reads an old one while a new one is written`,
    },
    async (bench) => {
      const steps = await bench.history(18, bench.count(COMMANDS));
      const third = Math.ceil(steps.length / 3);
      const machine = await bench.machine();
      const states: (readonly unknown[])[] = [];
      const [readers, positions]: [AsyncIterator<Uint8Array>[], Place[]] = [[], []];
      for (const part of [steps.slice(0, third), steps.slice(third)]) {
        await applyAll(machine, part);
        states.push(await askAll(bench.subject, await restored(bench, await capture(machine))));
        positions.push(positionOf(machine));
        readers.push(snapshotOf(machine)[Symbol.asyncIterator]());
      }
      const chunks: Uint8Array[][] = readers.map(() => []);
      const finished = new Set<number>();
      while (finished.size < readers.length) {
        for (const [i, reader] of readers.entries()) {
          const step = finished.has(i) ? undefined : await reader.next();
          if (step?.done === true) finished.add(i);
          else if (step !== undefined) chunks[i]?.push(Uint8Array.from(step.value));
        }
      }
      for (const [i, state] of states.entries()) {
        await expectState(
          bench.subject,
          await restored(bench, {
            bytes: joined(chunks[i] ?? []),
            position: positions[i] ?? positionOf(machine),
          }),
          state,
          `snapshot ${i + 1} of two`,
        );
      }
    },
  ),
  machineCase(
    {
      id: "MACHINE-15",
      title: "chunks stay what they were when later ones are read",
      requires: ["MACHINE-08"],
      rule: "State Machine Safety (Raft §7): a snapshot storage may keep a chunk until it has enough to write, or for ever",
    },
    async (bench) => {
      const machine = await used(bench, 19, 10 * COMMANDS);
      const kept: Uint8Array[] = [];
      const copies: Uint8Array[] = [];
      for await (const chunk of snapshotOf(machine)) {
        expectTrue(chunk instanceof Uint8Array, "a snapshot consists of Uint8Arrays");
        kept.push(chunk);
        copies.push(Uint8Array.from(chunk));
      }
      kept.forEach((chunk, i) =>
        expectEqualBytes(
          chunk,
          copies[i] ?? new Uint8Array(0),
          `chunk ${i + 1} of ${kept.length}, after the others were read`,
        ),
      );
    },
  ),
  ...restoreCases,
  machineCase(
    {
      id: "MACHINE-21",
      title: "the same state gives the same snapshot, byte for byte",
      requires: ["MACHINE-08"],
      capabilities: ["stableSnapshot"],
      rule: "State Machine Safety (Raft Figure 3): replicas that have parted are found by their snapshots' bytes",
    },
    async (bench) => {
      const [one, other] = [await used(bench, 26), await used(bench, 26)];
      const { bytes, position } = await capture(one);
      expectEqualBytes(await collect(snapshotOf(one)), bytes, "a second snapshot");
      expectEqualBytes(
        await collect(snapshotOf(other)),
        bytes,
        "the snapshot of another machine with the same commands",
      );
      expectEqualBytes(
        await collect(snapshotOf(await restored(bench, { bytes, position }))),
        bytes,
        "the snapshot of a machine that was restored",
      );
    },
  ),
];

export const snapshotCases: readonly Case<MachineSubject>[] = [
  ...ofSnapshots.map((one) => ({ ...one, capabilities: ["snapshots", ...one.capabilities] })),
  machineCase(
    {
      id: "MACHINE-22",
      title: "open tells the index of the last command that was applied, and the state is there",
      requires: ["MACHINE-02"],
      capabilities: ["durable"],
      rule: "State Machine Safety (Raft §5.3): the log is applied behind the index that open tells; told too low, commands are applied twice; too high, some never",
    },
    async (bench) => {
      const { subject } = bench;
      const steps = await bench.history(27, bench.count(60));
      const first = await subject.machine();
      expectEqual(await bench.adopt(first), 0, "open() of a fresh machine");
      await applyAll(first, steps);
      const expected = await askAll(subject, first);
      await bench.close(first);
      const again = (await subject.reopen?.(first)) ?? first;
      expectEqual(
        await bench.adopt(again),
        endOf(steps).index,
        "open() after the machine was closed",
      );
      await expectState(subject, again, expected, "a machine that was opened again");
    },
  ),
];
