// A scene: a run that is told step by step. Each step does something, is watched until what it is
// about has happened, and then waits for the person who reads.
import type { NodeId } from "@raftkit/core";
import type { Action } from "../model/actions.js";
import type { NodePicture, Picture } from "../model/picture.js";
import type { Flight, Setup } from "../model/world.js";

export interface Step {
  readonly title: string;
  /** What is seen, in a few sentences; white space counts as it does in HTML. */
  readonly text: string;
  /** Begin where that step began, counted from 1: what happened since then is taken back. */
  readonly insteadOf?: number;
  readonly actions?: readonly Action[] | ((picture: Picture) => readonly Action[]);
  /** What becomes of a message that is sent during this step. */
  readonly fate?: (flight: Flight, picture: Picture) => "pass" | "drop" | "delay";
  /** The step waits from then on. */
  readonly until: (picture: Picture) => boolean;
}

export interface Scene {
  readonly id: string;
  readonly title: string;
  /** Where it is from, or what it is about. */
  readonly subtitle: string;
  /** With a seed that draws the timeouts that the story needs. */
  readonly setup: Setup;
  readonly steps: readonly [Step, ...Step[]];
}

export function nodeIn({ nodes }: Picture, id: NodeId): NodePicture {
  const found = nodes.find((node) => node.id === id);
  if (!found) throw new RangeError(`there is no node ${id}`);
  return found;
}

export const isLeading =
  (id: NodeId) =>
  ({ leader }: Picture): boolean =>
    leader?.id === id;

/** Clients ask the leader, if there is one, so many times. */
export const requests =
  (count = 1) =>
  ({ leader }: Picture): readonly Action[] =>
    leader ? Array.from({ length: count }, () => ({ type: "request", node: leader.number })) : [];

/** All that are up have applied everything up to `index`. */
export const allApplied =
  (index: number) =>
  ({ nodes }: Picture): boolean =>
    nodes.every(({ state, appliedIndex }) => state !== "up" || appliedIndex >= index);

/** The terms of its entries, in order. */
export function termsOf({ entries }: NodePicture): string {
  return entries.map(({ term }) => term).join(" ");
}

export function termAt({ entries }: NodePicture, index: number): number | undefined {
  return entries.find((entry) => entry.index === index)?.term;
}

/** How a scene begins that is about something else. */
export const s1Leads: Step = {
  title: "S1 leads",
  text: "S1 is elected for term 2, and its no-op is committed everywhere.",
  until: allApplied(2),
};
