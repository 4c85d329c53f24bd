// Words that several parts of the page share.
import type { NodePicture } from "../model/picture.js";

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
