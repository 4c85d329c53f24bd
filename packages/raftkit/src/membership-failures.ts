// Why a change of the members failed, in words that say what stands in the way and what to do.
import type { MembershipVerdict, NodeId } from "@raftkit/core";
import { MEMBERS_MAX } from "@raftkit/core";
import type { MembershipChangeFailedReason } from "./errors.js";

export interface Failure {
  readonly reason: MembershipChangeFailedReason;
  readonly why: string;
  /** Whom it is about. */
  readonly ids: readonly NodeId[];
}

/** What may pass by itself. */
export type Obstacle = Extract<
  MembershipVerdict,
  { readonly type: "unknownServer" | "notCaughtUp" | "unreachable" | "inProgress" }
>;

export const MAY_HAPPEN =
  "it was handed to the leader, and may still happen: look at the members before you call again";

export const NOT_COMMITTED =
  "the leader has taken it, but it isn't committed, which needs a majority of the voters of before and one of the new ones. It can't be taken back; start those of them that are down";

/** Undefined: none was told. */
export function obstacleOf(obstacle: Obstacle | undefined): Failure {
  switch (obstacle?.type) {
    case undefined:
      return { reason: "noLeader", why: "the leader didn't answer; call again", ids: [] };
    case "inProgress":
      return {
        reason: "inProgress",
        why: `another change of the members, at index ${obstacle.index}, is under way: it ends once a majority of the voters of before and one of the new ones have it, and can't be taken back. When it has ended, look at the members and call again`,
        ids: [],
      };
    case "unknownServer":
      return {
        reason: "unknownServer",
        why: `${obstacle.ids.join(", ")} is no member, and hasn't made itself known to the leader: start it with cluster.join and an address of a member; its log, and node.member() there, say what is missing`,
        ids: obstacle.ids,
      };
    case "notCaughtUp": {
      const { id, matchIndex, lastIndex, writtenBytes, bytes } = obstacle;
      const what =
        bytes > 0
          ? `${writtenBytes} of ${bytes} bytes of a snapshot`
          : `${matchIndex} of ${lastIndex} entries`;
      return {
        reason: "notCaughtUp",
        why: `${id} is to vote, but has ${what} and gets no further, or no faster than new ones come: is it running, can the leader reach it, and is its disk fast enough?`,
        ids: [id],
      };
    }
    case "unreachable":
      return {
        reason: "unreachable",
        why: `without ${obstacle.ids.join(", ")}, which the leader doesn't hear, too few of the new voters are left to commit anything: start these, or leave them out`,
        ids: obstacle.ids,
      };
  }
}

type Refusal = Extract<MembershipVerdict, { readonly type: "noVoter" | "tooMany" | "duplicate" }>;

/** It will never be. */
export function refusalOf(refusal: Refusal): Failure {
  switch (refusal.type) {
    case "noVoter":
      return { reason: "noVoter", why: "the change names no voter; a cluster needs one", ids: [] };
    case "tooMany":
      return {
        reason: "tooMany",
        why: `the change needs a configuration of more than ${MEMBERS_MAX} servers, in all its lists together; while voters change, those of before are among them`,
        ids: [],
      };
    case "duplicate":
      return {
        reason: "duplicate",
        why: `${refusal.ids.join(", ")}: each may be named once, as voter or as learner, and each needs an address of its own`,
        ids: refusal.ids,
      };
  }
}
