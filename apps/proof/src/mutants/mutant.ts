// What a mutant is: a one-place mutation of a package, which its tests, the rules or the simulation
// must notice.
import type { SourceMutation } from "../source-mutation.js";

/**
 * The rules whose breach loses or forks data. A mutant that names one must be noticed by something
 * other than a golden text.
 */
export const SAFETY_RULES = [
  "promises", // what a node answers rests on what its disk has
  "votes", // one vote a term, for a log that is up to date, counted in its term
  "commit", // only what a majority has, and of the own term
  "logMatching", // equal index and term: equal logs up to there
  "reads", // a read sees every write acknowledged before it
  "identity", // a data directory and a run speak for themselves alone
  "membership", // who counts is in the configuration
] as const;

export interface Mutant extends SourceMutation {
  readonly id: string;
  /** The safety rule that it breaks: a golden text alone is no proof then. */
  readonly rule?: (typeof SAFETY_RULES)[number];
}

/** @returns as `core` */
export function packageOf({ file }: Mutant): string {
  return file.split("/")[1] ?? "";
}
