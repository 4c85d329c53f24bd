// Machine cases: replicas run on other hosts, in other processes, in other countries, for longer or
// shorter, and nothing of that may be seen. And the commands of the suite itself must be worth it.
import { isSame } from "../bytes.js";
import { expectTrue } from "../expect.js";
import type { Case } from "../suite.js";
import { applyAll, askAll, expectResults, expectState, machineCase } from "./bench.js";
import type { Bench } from "./bench.js";
import { deterministic, expectSameLife, year2001 } from "./determinism.js";
import { pictureOf } from "./story.js";
import type { MachineSubject } from "./subject.js";
import { aged, inCountry, inTimeZone, placed, recordTimers } from "./surroundings.js";
import { COMMANDS } from "./used.js";
import { inWorld } from "./world.js";
import type { Surroundings, World } from "./world.js";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Turns of the event loop in which what a timer began can end. */
const TURNS = 20;

/** A case: these two surroundings make no difference. */
function differsOnly(
  id: string,
  title: string,
  why: string,
  what: string,
  surroundings: readonly [Surroundings, Surroundings],
): Case<MachineSubject> {
  return machineCase(
    { id, title, requires: ["MACHINE-03", "MACHINE-04"], rule: `${deterministic}; ${why}` },
    async (bench) => {
      const [first, second] = surroundings.map((around): World => ({
        nowMs: year2001,
        seed: 1,
        around,
      }));
      if (first === undefined || second === undefined) return;
      await expectSameLife(bench, [first, second], what);
    },
  );
}

export const elsewhereCases: readonly Case<MachineSubject>[] = [
  differsOnly(
    "MACHINE-23",
    "how long the process has been running, and what it has used, makes no difference",
    "process.uptime, hrtime and memory are clocks, too",
    "the same commands in a process that has been running for longer (process.uptime, process.hrtime, memory and CPU used)",
    [aged(10), aged(1_000_000)],
  ),
  differsOnly(
    "MACHINE-24",
    "the time zone makes no difference",
    "getHours, getDay, new Date(year, month) and dates as text without a zone depend on the host's; use those with UTC",
    "the same commands in another time zone (TZ)",
    [inTimeZone("Pacific/Kiritimati", -840), inTimeZone("Pacific/Pago_Pago", 660)],
  ),
  differsOnly(
    "MACHINE-25",
    "the locale makes no difference",
    "localeCompare, toLocaleString and Intl depend on the host's; compare with < and >",
    "the same commands in another locale (localeCompare, toLocaleString, Intl)",
    [inCountry("en-US", 1), inCountry("tr-TR", -1)],
  ),
  differsOnly(
    "MACHINE-26",
    "the host, the process and its environment variables make no difference",
    "replicas are started by different people on different machines",
    "the same commands on another host (process.env, pid, working directory, host name)",
    [placed("one"), placed("other")],
  ),
  machineCase(
    {
      id: "MACHINE-27",
      title: "nothing changes between commands: no timer changes the state later",
      requires: ["MACHINE-03"],
      rule: `${deterministic}; a timer runs between two entries of the log on one replica and between two others on the next: let a command expire things, with the time in it`,
    },
    noTimerMatters,
  ),
  machineCase(
    {
      id: "MACHINE-28",
      title: "the commands that the target draws go on changing the answers to the end",
      requires: ["MACHINE-01"],
      rule: "State Machine Safety (Raft Figure 3, §2): a machine that doesn't change can't be told from a wrong one; the other cases would prove nothing",
    },
    async (bench) => {
      const machine = await bench.machine();
      const steps = await bench.history(28, bench.count(COMMANDS));
      const part = Math.ceil(steps.length / 3);
      for (let from = 0; from < steps.length; from += part) {
        let changed = false;
        let before = await askAll(bench.subject, machine);
        for (const step of steps.slice(from, from + part)) {
          await applyAll(machine, [step]);
          if (changed) continue;
          const after = await askAll(bench.subject, machine);
          changed = !isSame(pictureOf(after), pictureOf(before));
          before = after;
        }
        expectTrue(
          changed,
          `the target's generator of commands goes on drawing commands that change something: of ${steps.length} commands, those from ${from + 1} to ${Math.min(from + part, steps.length)} change no answer (command(random, { step, results }) knows what came before)`,
        );
      }
    },
  ),
];

async function noTimerMatters(bench: Bench): Promise<void> {
  const timers = recordTimers();
  const story = await bench.story(29);
  const [steps, later] = [
    await story.draw(bench.count(COMMANDS)),
    await story.draw(bench.count(50)),
  ];
  const quiet = await bench.machine();
  await applyAll(quiet, steps);
  const expected = await askAll(bench.subject, quiet);
  const results = await applyAll(quiet, later);
  const machine = await bench.machine();
  const what = "a machine whose timers ran out between two commands";
  await inWorld({ nowMs: year2001, seed: 1, around: timers.around }, async () => {
    await applyAll(machine, steps);
  });
  await inWorld({ nowMs: year2001 + DAY_MS, seed: 1, around: timers.around }, async () => {
    for (let turn = 0; turn < TURNS; turn++) {
      timers.fire();
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  });
  await expectState(bench.subject, machine, expected, what);
  expectResults(await applyAll(machine, later), results, what);
}
