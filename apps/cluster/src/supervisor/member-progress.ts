// How far a change of the members is, in words for a terminal.
import { z } from "zod";

/** Told a line. */
export type Say = (line: string) => void;

const ids = z.array(z.string());

/** What the server sends; steps that are none of these are passed over. */
export const progressSchema = z.discriminatedUnion("step", [
  z.object({ step: z.literal("waiting"), ids }),
  z.object({ step: z.literal("learning"), ids, index: z.number() }),
  z.object({
    step: z.literal("catchingUp"),
    id: z.string(),
    matchIndex: z.number(),
    lastIndex: z.number(),
    install: z.object({ writtenBytes: z.number(), bytes: z.number() }).nullable(),
  }),
  z.object({ step: z.literal("unreachable"), ids }),
  z.object({ step: z.literal("joint"), index: z.number() }),
  z.object({ step: z.literal("takenOut"), ids }),
  z.object({ step: z.literal("done"), index: z.number() }),
]);

export type Progress = z.infer<typeof progressSchema>;

/** How far one is with the log changes all the time. */
const CATCHING_UP_EVERY_MS = 1000;
const MIB = 1024 * 1024;

export function progressTeller(
  say: Say,
  now: () => number = () => performance.now(),
): (progress: Progress) => void {
  let told = "";
  let toldAt = -Infinity;
  return (progress) => {
    const text = textOf(progress);
    if (text === told) return;
    if (progress.step === "catchingUp" && now() - toldAt < CATCHING_UP_EVERY_MS) return;
    told = text;
    if (progress.step === "catchingUp") toldAt = now();
    say(text);
  };
}

function textOf(progress: Progress): string {
  switch (progress.step) {
    case "waiting":
      return `waiting for ${listOf(progress.ids)}, not known to the leader yet`;
    case "learning":
      return `learning, without a vote yet: ${listOf(progress.ids)} (index ${progress.index})`;
    case "catchingUp": {
      const { id, install, matchIndex, lastIndex } = progress;
      if (!install) return `${id} catches up: ${matchIndex} of ${lastIndex}`;
      const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
      return `${id} is sent a snapshot: ${mib(install.writtenBytes)} of ${mib(install.bytes)} MiB`;
    }
    case "unreachable":
      return `waiting for an answer from ${listOf(progress.ids)}: a majority of the new voters must be up`;
    case "joint":
      return `the old and the new voters decide together (index ${progress.index})`;
    case "takenOut":
      return `given up, and removed again: ${listOf(progress.ids)}`;
    case "done":
      return `the change is committed (index ${progress.index})`;
  }
}

function listOf(names: readonly string[]): string {
  return names.join(", ");
}
