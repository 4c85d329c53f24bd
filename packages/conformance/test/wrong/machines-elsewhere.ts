// State machines that depend on where they run or on what the clock does meanwhile, and targets
// whose generator of commands is wrong, which isn't the machine's fault.
import { randomBytes, randomInt } from "node:crypto";
import { hostname } from "node:os";
import { hrtime } from "node:process";
import { setTimeout as setTimer } from "node:timers";
import type { Random } from "@raftkit/core";
import type { MachineSubject } from "../../src/machine/subject.js";
import { answerRight, applyRight, createToySubject } from "../machine/toy.js";
import type { Command, State, Toy } from "../machine/toy.js";
import type { Wrong } from "../support/caught.js";

function wrong(
  caughtBy: string,
  name: string,
  message: RegExp,
  faults: () => Partial<Toy>,
  changes: () => Partial<MachineSubject<Command>> = () => ({}),
): Wrong<MachineSubject> {
  return {
    caughtBy,
    message,
    target: {
      name,
      capabilities: [],
      create: () => ({ ...createToySubject(faults()), ...changes() }) as MachineSubject,
    },
  };
}

/** A machine that keeps this number with what is set. */
function stamps(
  caughtBy: string,
  name: string,
  message: RegExp,
  stamp: () => number,
): Wrong<MachineSubject> {
  return wrong(caughtBy, name, message, () => ({
    apply: (state, command, context) => {
      const result = applyRight(state, command, context);
      if (command.op === "set") state.lists.set(command.key, [...command.items, stamp()]);
      return result;
    },
  }));
}

/** A machine whose answer lists the keys in this order. */
function sorts(
  name: string,
  compare: () => (a: string, b: string) => number,
): Wrong<MachineSubject> {
  return wrong("MACHINE-25", name, /in another locale/, () => ({
    answer: (state, query) =>
      query === "all"
        ? [...state.lists].toSorted(([a], [b]) => compare()(a, b))
        : answerRight(state, query),
  }));
}

/** A machine that forgets what was set, when it likes. */
function forgets(name: string, later: (forget: () => void) => void): Wrong<MachineSubject> {
  return wrong("MACHINE-27", name, /whose timers ran out between two commands/, () => ({
    apply: (state, command, context) => {
      const result = applyRight(state, command, context);
      if (command.op === "set" && command.key === "b") later(() => state.lists.delete("b"));
      return result;
    },
  }));
}

/** The right machine; its commands come from this generator. */
function draws(
  caughtBy: string,
  name: string,
  message: RegExp,
  command: () => (random: Random, drawn: { readonly step: number }) => Command,
): Wrong<MachineSubject> {
  return wrong(
    caughtBy,
    name,
    message,
    () => ({}),
    () => ({ command: command() }),
  );
}

const day = (): number => new Date(1_000_000_000_000).getDate();
const isOver = (start: number): boolean => Date.now() > start + 1000;

/** Looks from time to time for what has expired. */
function sweeping(): (state: State, command: Command) => void {
  const expiries = new WeakMap<State, Map<string, number>>();
  return (state, { key }) => {
    const expires = expiries.get(state) ?? new Map<string, number>();
    if (!expiries.has(state)) {
      setInterval(() => {
        for (const [known, start] of expires) if (isOver(start)) state.lists.delete(known);
      }, 60_000).unref();
    }
    expiries.set(state, expires.set(key, Date.now()));
  };
}

export const wrongMachinesElsewhere: readonly Wrong<MachineSubject>[] = [
  stamps("MACHINE-04", "numbers from node:crypto, imported by name", /other random numbers/, () =>
    randomInt(1_000_000),
  ),
  stamps("MACHINE-04", "random bytes from node:crypto", /other random numbers/, () =>
    randomBytes(4).readUInt32LE(),
  ),
  wrong(
    "MACHINE-05",
    "a query that counts when it follows every command",
    /asked between commands/,
    () => {
      const asked = new WeakSet<State>();
      const streaks = new WeakMap<State, number>();
      return {
        apply: (state, command, context) => {
          const streak = asked.delete(state) ? (streaks.get(state) ?? 0) + 1 : 0;
          streaks.set(state, streak);
          if (streak >= 2) state.writes++;
          return applyRight(state, command, context);
        },
        answer: (state, query) => {
          asked.add(state);
          return answerRight(state, query);
        },
      };
    },
  ),
  stamps("MACHINE-23", "the process's uptime", /running for longer/, () =>
    // Not in seconds: one would end now and then in the middle of an earlier case.
    Math.floor(process.uptime() / 100_000),
  ),
  stamps("MACHINE-23", "days of hrtime, imported by name", /running for longer/, () =>
    Math.floor(hrtime()[0] / 100_000),
  ),
  stamps("MACHINE-23", "hrtime as a bigint", /running for longer/, () =>
    Number(process.hrtime.bigint() / 100_000_000_000_000n),
  ),
  stamps(
    "MACHINE-23",
    "the heap's size in GiB",
    /running for longer/,
    () => process.memoryUsage().heapUsed >> 30,
  ),
  stamps("MACHINE-24", "the day of the month in the host's time zone", /in another time zone/, day),
  stamps("MACHINE-24", "a date of a year, a month and a day", /in another time zone/, () =>
    new Date(2020, 1, 1).valueOf(),
  ),
  stamps("MACHINE-24", "a time as text without a zone", /in another time zone/, () =>
    Date.parse("2020-02-01T12:00:00"),
  ),
  stamps(
    "MACHINE-24",
    "Intl's time zone",
    /in another time zone/,
    () => Intl.DateTimeFormat().resolvedOptions().timeZone.length,
  ),
  sorts("localeCompare", () => (a, b) => a.localeCompare(b)),
  sorts("Intl.Collator", () => new Intl.Collator().compare),
  stamps("MACHINE-25", "numbers as people write them", /in another locale/, () =>
    (1234.5).toLocaleString().indexOf(","),
  ),
  stamps("MACHINE-25", "Intl.NumberFormat", /in another locale/, () =>
    new Intl.NumberFormat().format(1234.5).indexOf("."),
  ),
  stamps("MACHINE-25", "capitals of a country", /in another locale/, () =>
    "i".toLocaleUpperCase().charCodeAt(0),
  ),
  stamps(
    "MACHINE-26",
    "an environment variable",
    /on another host/,
    () => (process.env["RAFTKIT_LIMIT"] ?? "").length,
  ),
  stamps("MACHINE-26", "the process's number", /on another host/, () => process.pid),
  stamps(
    "MACHINE-26",
    "the host's name, imported by name",
    /on another host/,
    () => hostname().length,
  ),
  forgets("a timer for each entry that expires", (forget) => {
    setTimeout(forget, 60_000).unref();
  }),
  forgets("a timer of node:timers", (forget) => {
    setTimer(forget, 60_000).unref();
  }),
  forgets("a change when the event loop comes to it", (forget) => {
    setImmediate(() => setImmediate(forget));
  }),
  wrong("MACHINE-27", "an interval that looks for what has expired", /whose timers ran out/, () => {
    const touched = sweeping();
    return {
      apply: (state, command, context) => {
        const result = applyRight(state, command, context);
        if (command.op === "set") touched(state, command);
        return result;
      },
    };
  }),
  draws(
    "MACHINE-01",
    "a generator that counts by itself",
    /generator of commands is wrong, not its machine: drawn twice .* command 1 was first .*items: \[ 1 \]/,
    () => {
      let count = 0;
      return () => ({ op: "append", key: "a", items: [++count] });
    },
  ),
  draws(
    "MACHINE-01",
    "a generator with dice of its own",
    /generator of commands is wrong/,
    () => () => ({
      op: "append",
      key: "a",
      items: [Math.random()],
    }),
  ),
  draws(
    "MACHINE-01",
    "a generator with a clock",
    /generator of commands is wrong, not its machine/,
    () => () => ({ op: "append", key: "a", items: [new Date().getFullYear()] }),
  ),
  draws(
    "MACHINE-28",
    "a generator whose late commands change nothing",
    /the target's generator .* of 300 commands, those from 201 to 300 change no answer/,
    () =>
      (random, { step }) =>
        step < 200
          ? { op: "append", key: "abcdefgh"[step % 8] ?? "a", items: [Math.floor(random() * 100)] }
          : { op: "clear", key: "never set", items: [] },
  ),
  draws(
    "MACHINE-28",
    "a generator whose commands soon say what is there already",
    /those from 101 to 200 change no answer/,
    () =>
      (_random, { step }) => ({ op: "set", key: "abcdefgh"[step % 8] ?? "a", items: [1] }),
  ),
];
