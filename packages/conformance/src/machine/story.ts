// Histories of commands: drawn from a seed by the target's generator, with the results that a machine
// gives to them, and at the pace of that machine. What the generator does wrong is said of the
// generator.
import { serialize } from "node:v8";
import { RaftkitError } from "@raftkit/core";
import type { ApplyContext, StateMachine } from "@raftkit/core";
import { isSame } from "../bytes.js";
import { createChance } from "../random.js";
import { show } from "../show.js";
import type { MachineSubject } from "./subject.js";

/** So much time a command may take before cases use fewer of them. */
const UNHURRIED_MS = 1.5;
/** To see how fast a machine is. */
const PACE_COMMANDS = 3;

export type Step = { readonly command: unknown; readonly context: ApplyContext };

/** Where a command stands in its log. */
export type Place = Pick<ApplyContext, "index" | "term">;

/** A history that goes on. */
export interface Story {
  /**
   * The next commands, with the indexes and terms that a log gives them: both leave gaps, where
   * no-ops and configurations stand and leaders came and went; and with the time that clock entries
   * say has passed, between some of them.
   * @param behind they come behind this one
   */
  draw(count: number, behind?: Place): Promise<readonly Step[]>;
  /** What the machine that it was drawn with answered to all commands so far. */
  readonly results: readonly unknown[];
}

/** @param machine a fresh one, which gives the results that the generator may use */
export function createStory(
  subject: MachineSubject,
  machine: StateMachine<unknown, unknown, unknown, unknown>,
  seed: number,
): Story {
  const chance = createChance(seed);
  const results: unknown[] = [];
  let { index, term }: Place = { index: 0, term: 1 };
  return {
    results,
    async draw(count, behind) {
      if (behind !== undefined) ({ index, term } = behind);
      const steps: Step[] = [];
      for (let i = 0; i < count; i++) {
        index += chance.below(10) === 0 ? 2 : 1;
        if (chance.below(20) === 0) term += 1 + chance.below(3);
        const elapsedMs = chance.below(15) === 0 ? 1 + chance.below(100_000) : 0;
        const command = drawCommand(subject, seed, results);
        const context = { index, term, elapsedMs };
        steps.push({ command, context });
        results.push(await machine.apply(structuredClone(command), context));
      }
      return steps;
    },
  };
}

/**
 * The command that follows these results. @throws {RaftkitError} `CONFORMANCE_SUBJECT`: drawn again,
 * it is another one
 */
export function drawCommand(
  subject: MachineSubject,
  seed: number,
  results: readonly unknown[],
): unknown {
  const step = results.length;
  const draw = (): unknown =>
    subject.command(createChance(Math.imul(seed + 1, 0x9e3779b1) ^ step).next, { step, results });
  const [command, again] = [draw(), draw()];
  if (!isSame(pictureOf(command), pictureOf(again))) blameDraw(step, command, again);
  return command;
}

/** The generator is wrong, not the machine. */
export function blameDraw(step: number, command: unknown, again: unknown): never {
  throw new RaftkitError(
    "CONFORMANCE_SUBJECT",
    `the target's generator of commands is wrong, not its machine: drawn twice from the same random numbers, command ${step + 1} was first ${show(command)}, then ${show(again)}; command(random, { step, results }) may use what it is given and nothing else (no counter, no clock, no dice of its own), and must give a fresh command each time`,
  );
}

/** What a value holds now, to compare with later. */
export function pictureOf(value: unknown): Uint8Array {
  return serialize(value);
}

/** @returns how many milliseconds a command takes */
export async function paceOf(story: Story): Promise<number> {
  const start = performance.now();
  await story.draw(PACE_COMMANDS);
  return (performance.now() - start) / PACE_COMMANDS;
}

/** Fewer commands for a slow machine, but never so few that nothing happens. */
export function paced(wanted: number, msPerCommand: number): number {
  if (msPerCommand <= UNHURRIED_MS) return wanted;
  const few = Math.ceil(Math.min(wanted, 300) / 15);
  return Math.max(few, Math.round((wanted * UNHURRIED_MS) / msPerCommand));
}
