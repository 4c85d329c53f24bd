// Machine cases: restore takes a snapshot's bytes however they come, and refuses those that aren't
// all of it.
import { expectEqual, expectTrue } from "../expect.js";
import type { Case } from "../suite.js";
import {
  askAll,
  capture,
  expectState,
  machineCase,
  refusesToRestore,
  restoreInto,
  sourceOf,
} from "./bench.js";
import type { MachineSubject } from "./subject.js";
import { used, whole } from "./used.js";

export const restoreCases: readonly Case<MachineSubject>[] = [
  machineCase(
    {
      id: "MACHINE-16",
      title: "restore doesn't depend on how the bytes are cut",
      requires: ["MACHINE-08"],
      rule: "State Machine Safety (Raft §7, Figure 13: offset and data): a snapshot is stored and sent in pieces of the reader's size, not the writer's",
    },
    async (bench) => {
      const source = await used(bench, 20, 60);
      const expected = await askAll(bench.subject, source);
      const { bytes, position } = await capture(source);
      for (const size of [1, 7, 1000, bytes.length + 1]) {
        const machine = await bench.machine();
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.slice(i * size, (i + 1) * size),
        );
        const refused = await refusesToRestore(
          machine,
          sourceOf(...pieces, new Uint8Array(0)),
          position,
        );
        expectTrue(
          !refused,
          `restore takes a snapshot in pieces of ${size} bytes, with an empty one behind`,
        );
        await expectState(
          bench.subject,
          machine,
          expected,
          `a snapshot in pieces of ${size} bytes`,
        );
      }
    },
  ),
  machineCase(
    {
      id: "MACHINE-17",
      title: "bytes that were given to restore may change afterwards",
      requires: ["MACHINE-16"],
      rule: "State Machine Safety (Raft §7): a storage reads the next piece into the same buffer",
    },
    async (bench) => {
      const source = await used(bench, 21, 60);
      const { bytes, position } = await capture(source);
      const machine = await bench.machine();
      expectTrue(
        !(await refusesToRestore(machine, reused(bytes, 100), position)),
        "restore takes a snapshot that is read into one buffer",
      );
      await expectState(
        bench.subject,
        machine,
        await askAll(bench.subject, source),
        "a snapshot that was read into one buffer",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-18",
      title: "restore rejects when its source fails",
      requires: ["MACHINE-08"],
      rule: `${whole}: half a snapshot taken for a whole one is a wrong state that nothing corrects`,
    },
    async (bench) => {
      const { bytes, position } = await capture(await used(bench, 22));
      for (const length of [0, Math.ceil(bytes.length / 2), bytes.length]) {
        expectTrue(
          await refusesToRestore(await bench.machine(), failing(bytes.slice(0, length)), position),
          `restore rejects when its source fails behind ${length} of ${bytes.length} bytes`,
        );
      }
    },
  ),
  machineCase(
    {
      id: "MACHINE-19",
      title: "restore refuses a snapshot that is cut at any byte, or goes on",
      requires: ["MACHINE-08"],
      capabilities: ["checked"],
      rule: `${whole}; a storage's checksum covers the bytes that the machine wrote, not those that it forgot`,
    },
    async (bench) => {
      const { bytes, position } = await capture(await used(bench, 23, 60));
      const step = Math.ceil(bytes.length / bench.count(300));
      for (let length = 0; length < bytes.length; length += step) {
        expectTrue(
          await refusesToRestore(await bench.machine(), sourceOf(bytes.slice(0, length)), position),
          `restore refuses the first ${length} of ${bytes.length} bytes`,
        );
      }
      expectTrue(
        await refusesToRestore(await bench.machine(), sourceOf(bytes, new Uint8Array(1)), position),
        "restore refuses a byte too many",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-20",
      title: "a restore that rejects leaves the state as it was",
      requires: ["MACHINE-18"],
      capabilities: ["atomicRestore"],
      rule: "State Machine Safety (Raft §7): a node that goes on after a snapshot failed must not serve a state that never was",
    },
    async (bench) => {
      const { bytes, position } = await capture(await used(bench, 24));
      const machine = await used(bench, 25);
      const before = await askAll(bench.subject, machine);
      for (const length of [0, 1, Math.ceil(bytes.length / 2), bytes.length - 1, bytes.length]) {
        await refusesToRestore(machine, failing(bytes.slice(0, Math.max(0, length))), position);
        await expectState(
          bench.subject,
          machine,
          before,
          `after a restore whose source failed behind ${length} of ${bytes.length} bytes`,
        );
      }
    },
  ),
];

/** Of later than the cases above: a suite grows at its end. */
export const positionCases: readonly Case<MachineSubject>[] = [
  machineCase(
    {
      id: "MACHINE-29",
      title: "after a restore, open tells the index that came with the snapshot",
      requires: ["MACHINE-08", "MACHINE-22"],
      capabilities: ["snapshots", "durable"],
      rule: "State Machine Safety (Raft §7): the log is applied behind the index that open tells; entries without a command may stand between the last command and the snapshot's index, and those before it may be gone",
    },
    async (bench) => {
      const source = await used(bench, 30, 60);
      const { bytes, position } = await capture(source);
      const expected = await askAll(bench.subject, source);
      for (const [replaced, beyond] of [
        [0, 0],
        [30, 3],
      ] as const) {
        const machine = await used(bench, 31, replaced);
        const index = position.index + beyond;
        await restoreInto(machine, sourceOf(bytes), { ...position, index });
        await bench.close(machine);
        const again = (await bench.subject.reopen?.(machine)) ?? machine;
        expectEqual(await bench.adopt(again), index, "open() after a restore");
        await expectState(
          bench.subject,
          again,
          expected,
          "a machine that was restored and opened again",
        );
      }
    },
  ),
];

async function* failing(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  if (bytes.length > 0) yield bytes;
  throw new Error("the source failed, as it was told to");
}

/** One buffer, again and again. */
async function* reused(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    const piece = bytes.subarray(at, at + size);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
    buffer.fill(0xee);
  }
}
