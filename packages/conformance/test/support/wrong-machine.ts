// The toy machine with one fault, as the suite's own tests try it.
import type { MachineSubject } from "../../src/machine/subject.js";
import { createToySubject } from "../machine/toy.js";
import type { Toy } from "../machine/toy.js";
import type { Wrong } from "./caught.js";

/** What the toy machine can do. */
export const toyCapabilities: readonly string[] = [
  "snapshots",
  "checked",
  "atomicRestore",
  "stableSnapshot",
  "durable",
  "versioned",
];

/** @param faults fresh for each case, with state of their own where they need some */
export function wrongMachine(
  caughtBy: string,
  name: string,
  message: RegExp,
  faults: () => Partial<Toy>,
): Wrong<MachineSubject> {
  return {
    caughtBy,
    message,
    target: {
      name,
      capabilities: toyCapabilities,
      create: () => createToySubject(faults()) as MachineSubject,
    },
  };
}
