// Machine cases: the same commands in the same order give the same results and the same state,
// everywhere and at any time.
import { isSame } from "../bytes.js";
import { expectEqualBytes, expectTrue } from "../expect.js";
import type { Case } from "../suite.js";
import { applyAll, askAll, expectResults, expectState, machineCase } from "./bench.js";
import type { Bench } from "./bench.js";
import { blameDraw, drawCommand, pictureOf } from "./story.js";
import type { Step } from "./story.js";
import type { MachineSubject } from "./subject.js";
import { inWorld } from "./world.js";
import type { World } from "./world.js";
import { COMMANDS, used } from "./used.js";

export const deterministic: string =
  "State Machine Safety (Raft Figure 3, §2): replicas agree because they start in the same state and do the same";
export const year2001: number = Date.UTC(2001, 0);
const year2030 = Date.UTC(2030, 5);

/** What a machine of its own does with these commands in this world. */
async function lifeIn(
  bench: Bench,
  steps: readonly Step[],
  world: World,
): Promise<{ readonly results: readonly unknown[]; readonly answers: readonly unknown[] }> {
  return inWorld(world, async () => {
    const machine = await bench.machine();
    const results = await applyAll(machine, steps);
    return { results, answers: await askAll(bench.subject, machine) };
  });
}

/** The same commands in two worlds: the same results, the same answers. */
export async function expectSameLife(
  bench: Bench,
  worlds: readonly [World, World],
  what: string,
): Promise<void> {
  const steps = await bench.history(1, bench.count(COMMANDS));
  const first = await lifeIn(bench, steps, worlds[0]);
  const second = await lifeIn(bench, steps, worlds[1]);
  expectResults(second.results, first.results, what);
  second.answers.forEach((answer, i) =>
    expectEqualBytes(
      pictureOf(answer),
      pictureOf(first.answers[i]),
      `${what}: the answer to query ${i + 1}`,
    ),
  );
}

export const determinismCases: readonly Case<MachineSubject>[] = [
  machineCase(
    {
      id: "MACHINE-01",
      title:
        "every command gives a result, every query an answer, and the commands change the answers",
      rule: "Availability (Raft §2): an apply that throws stops the node, on every replica; business errors are results. Where no answer changes, the cases below prove nothing",
    },
    async (bench) => {
      const machine = await bench.machine();
      const before = await askAll(bench.subject, machine);
      const steps = await bench.history(1, bench.count(COMMANDS));
      const results = await applyAll(machine, steps);
      await inWorld({ nowMs: year2030, seed: 1 }, async () => {
        for (const [i, { command }] of steps.entries()) {
          const again = drawCommand(bench.subject, 1, results.slice(0, i));
          if (!isSame(pictureOf(again), pictureOf(command))) {
            blameDraw(i, command, again);
          }
        }
      });
      const after = await askAll(bench.subject, machine);
      expectTrue(before.length > 0, "there is a query");
      expectTrue(
        before.some((answer, i) => !isSame(pictureOf(answer), pictureOf(after[i]))),
        `${steps.length} commands change the answer to some query`,
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-02",
      title:
        "the same commands give the same results and answers in another instance, which shares nothing with the first",
      requires: ["MACHINE-01"],
      rule: deterministic,
    },
    async (bench) => {
      const world = { nowMs: year2001, seed: 1 };
      const what = "a second machine with the same commands";
      const story = await bench.story(1);
      const steps = await inWorld(world, () => story.draw(bench.count(COMMANDS)));
      expectResults((await lifeIn(bench, steps, world)).results, story.results, what);
      await expectSameLife(bench, [world, world], what);
      const fresh = await askAll(bench.subject, await bench.machine());
      await used(bench, 2);
      await expectState(
        bench.subject,
        await bench.machine(),
        fresh,
        "a fresh machine, after others were used",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-03",
      title: "the time of day makes no difference",
      requires: ["MACHINE-02"],
      rule: `${deterministic}; two replicas apply an entry at different times, and again when they restart`,
    },
    async (bench) => {
      await expectSameLife(
        bench,
        [
          { nowMs: year2001, seed: 1 },
          { nowMs: year2030, seed: 1 },
        ],
        "the same commands at another time",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-04",
      title: "random numbers make no difference",
      requires: ["MACHINE-02"],
      rule: `${deterministic}; draw before you propose, and put what you drew into the command`,
    },
    async (bench) => {
      await expectSameLife(
        bench,
        [
          { nowMs: year2001, seed: 1 },
          { nowMs: year2001, seed: 2 },
        ],
        "the same commands with other random numbers",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-05",
      title: "a query changes nothing",
      requires: ["MACHINE-02"],
      rule: `${deterministic}; queries run on one replica only, as often as somebody asks`,
    },
    async (bench) => {
      const steps = await bench.history(5, bench.count(COMMANDS));
      const quiet = await bench.machine();
      const results = await applyAll(quiet, steps);
      const asked = await bench.machine();
      const resultsWhenAsked: unknown[] = [];
      for (const step of steps) {
        resultsWhenAsked.push(...(await applyAll(asked, [step])));
        await askAll(bench.subject, asked);
      }
      expectResults(resultsWhenAsked, results, "a machine that is asked between commands");
      await expectState(
        bench.subject,
        asked,
        await askAll(bench.subject, quiet),
        "a machine that was asked between commands",
      );
    },
  ),
  machineCase(
    {
      id: "MACHINE-06",
      title: "apply doesn't change the command",
      requires: ["MACHINE-02"],
      rule: "State Machine Safety (Raft Figure 3): the caller of a proposal, or a wrapper around the machine, may still read it",
    },
    async (bench) => {
      const machine = await bench.machine();
      const steps = await bench.history(6, bench.count(COMMANDS));
      for (const [i, { command, context }] of steps.entries()) {
        const picture = pictureOf(command);
        await machine.apply(command, context);
        expectEqualBytes(pictureOf(command), picture, `command ${i + 1}, after it was applied`);
      }
    },
  ),
  machineCase(
    {
      id: "MACHINE-07",
      title: "results and answers stay what they were, whatever is applied later",
      requires: ["MACHINE-02"],
      rule: "Linearizability (Raft §8): an answer shows the state of one moment, and is sent a little later",
    },
    async (bench) => {
      const machine = await bench.machine();
      const given: {
        readonly what: string;
        readonly value: unknown;
        readonly picture: Uint8Array;
      }[] = [];
      const keep = (what: string, value: unknown): void =>
        void given.push({ what, value, picture: pictureOf(value) });
      const steps = await bench.history(7, bench.count(COMMANDS));
      for (const [i, { command, context }] of steps.entries()) {
        keep(`the result of command ${i + 1}`, await machine.apply(command, context));
        if (i % 50 === 0) {
          (await askAll(bench.subject, machine)).forEach((answer, n) =>
            keep(`the answer to query ${n + 1} after command ${i + 1}`, answer),
          );
        }
      }
      for (const { what, value, picture } of given) {
        expectEqualBytes(pictureOf(value), picture, `${what}, at the end`);
      }
    },
  ),
];
