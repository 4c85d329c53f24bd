// Words and class names that several parts of the page share.
import type { NodePicture } from "../model/picture.js";

/** Colours repeat after so many terms. */
const TERM_COLOURS = 10;

export function classes(...names: readonly (string | false)[]): string {
  return names.filter((name) => name !== false).join(" ");
}

export function termClass(term: number): string {
  return `term-${term % TERM_COLOURS}`;
}

export function roleText({ state, role, isPreCandidate, membership }: NodePicture): string {
  if (state !== "up") return state === "down" ? "down" : "stopped";
  if (role === "leader") return membership === "none" ? "leader, leaving" : "leader";
  if (role === "candidate") return isPreCandidate ? "pre-candidate" : "candidate";
  if (membership === "learner") return "learner";
  return membership === "none" ? "not a member" : "follower";
}

export function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}
