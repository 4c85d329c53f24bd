// The texts of failed changes of members: why, and what to do.
import type { MembershipVerdict, NodeId } from "@raftkit/core";
import { MEMBERS_MAX } from "@raftkit/core";
import type { MembershipChangeFailedReason } from "./errors.js";

export interface Failure {
  readonly reason: MembershipChangeFailedReason;
  readonly why: string;
  /** The nodes that it concerns. */
  readonly ids: readonly NodeId[];
}

/** Obstacles that may pass by themselves. */
export type Obstacle = Extract<
  MembershipVerdict,
  { readonly type: "unknownServer" | "notCaughtUp" | "unreachable" | "inProgress" }
>;

export const MAY_HAPPEN =
  "it was sent to the leader, and may still happen: check the members before you call again";

export const NOT_COMMITTED =
  "the leader has accepted it, but it isn't committed: that needs a majority of the old voters and one of the new ones. It can't be taken back; start the voters that are down";

/** Undefined: there was no answer. */
export function obstacleOf(obstacle: Obstacle | undefined): Failure {
  switch (obstacle?.type) {
    case undefined:
      return { reason: "noLeader", why: "the leader didn't answer; call again", ids: [] };
    case "inProgress":
      return {
        reason: "inProgress",
        why: `another change of members, at index ${obstacle.index}, is in progress: it ends once a majority of the old voters and one of the new ones have it, and can't be taken back. When it has ended, check the members and call again`,
        ids: [],
      };
    case "unknownServer":
      return {
        reason: "unknownServer",
        why: `${obstacle.ids.join(", ")} isn't a member, and hasn't introduced itself to the leader: start it with cluster.join and an address of a member; its log, and node.member() there, say what is missing`,
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
        why: `${id} is to be a voter, but has ${what} and makes no progress, or is no faster than new entries come: is it running, can the leader reach it, and is its disk fast enough? If it lost its data directory since it became a learner, its log says that its id is taken: remove it, and add it again`,
        ids: [id],
      };
    }
    case "unreachable":
      return {
        reason: "unreachable",
        why: `the leader doesn't hear from ${obstacle.ids.join(", ")}, and without them too few of the new voters are left to commit anything: start them, or leave them out`,
        ids: obstacle.ids,
      };
  }
}

type Refusal = Extract<MembershipVerdict, { readonly type: "noVoter" | "tooMany" | "duplicate" }>;

/** Refusals that never pass. */
export function refusalOf(refusal: Refusal): Failure {
  switch (refusal.type) {
    case "noVoter":
      return { reason: "noVoter", why: "the change names no voter; a cluster needs one", ids: [] };
    case "tooMany":
      return {
        reason: "tooMany",
        why: `the change needs a configuration of more than ${MEMBERS_MAX} servers in all its lists together; while voters change, these include the old ones`,
        ids: [],
      };
    case "duplicate":
      return {
        reason: "duplicate",
        why: `${refusal.ids.join(", ")}: each may be named once, as voter or as learner, and needs its own address`,
        ids: refusal.ids,
      };
  }
}
