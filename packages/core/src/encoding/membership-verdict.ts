// The leader's answer to a membership change, as it is encoded: a code and its details.
import type { CodecValue } from "../ports/codec.js";
import type { MembershipVerdict } from "../protocol/messages.js";
import type { NodeId } from "../types.js";
import { TERM_MAX } from "./entry.js";
import { isValidId } from "./identifier-checks.js";

export function encodeVerdict(verdict: MembershipVerdict): CodecValue {
  switch (verdict.type) {
    case "accepted":
      return [0, verdict.index, verdict.term];
    case "notLeader":
      return [1];
    case "notReady":
      return [2];
    case "inProgress":
      return [3, verdict.index];
    case "stale":
      return [4, verdict.index];
    case "noVoter":
      return [5];
    case "tooMany":
      return [6];
    case "duplicate":
      return [7, verdict.ids];
    case "unknownServer":
      return [8, verdict.ids];
    case "notCaughtUp":
      return [
        9,
        verdict.id,
        verdict.matchIndex,
        verdict.lastIndex,
        verdict.writtenBytes,
        verdict.bytes,
      ];
    case "unreachable":
      return [10, verdict.ids];
  }
}

/** @returns undefined for what is none */
export function decodeVerdict(value: CodecValue | undefined): MembershipVerdict | undefined {
  if (!Array.isArray(value)) return undefined;
  const [code, a, b, c, d, e, ...more]: readonly CodecValue[] = value;
  if (more.length > 0) return undefined;
  const length: number = value.length;
  switch (code) {
    case 0:
      return length === 3 && isCount(a) && isCount(b) && b <= TERM_MAX
        ? { type: "accepted", index: a, term: b }
        : undefined;
    case 3:
    case 4: {
      const type = code === 3 ? "inProgress" : "stale";
      return length === 2 && isCount(a) ? { type, index: a } : undefined;
    }
    case 7:
    case 8:
    case 10: {
      const type = code === 7 ? "duplicate" : code === 8 ? "unknownServer" : "unreachable";
      return length === 2 && areIds(a) ? { type, ids: a } : undefined;
    }
    case 9:
      if (typeof a !== "string" || !isValidId(a)) return undefined;
      return isCount(b) && isCount(c) && isCount(d) && isCount(e)
        ? { type: "notCaughtUp", id: a, matchIndex: b, lastIndex: c, writtenBytes: d, bytes: e }
        : undefined;
    default: {
      const type = typeof code === "number" ? BARE.get(code) : undefined;
      return length === 1 && type ? { type } : undefined;
    }
  }
}

const BARE = new Map<number, "notLeader" | "notReady" | "noVoter" | "tooMany">([
  [1, "notLeader"],
  [2, "notReady"],
  [5, "noVoter"],
  [6, "tooMany"],
]);

/** Names of nodes, at most as many as a configuration holds, in a message of members. */
export function areIds(value: CodecValue | undefined): value is readonly NodeId[] {
  return (
    Array.isArray(value) &&
    value.length <= IDS_MAX &&
    value.every((id) => typeof id === "string" && isValidId(id))
  );
}

/** A request may name more than a configuration holds, and is told so. */
const IDS_MAX = 300;

function isCount(value: CodecValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
