// Translates a change of members requested over HTTP into the node's call.
import type { ChangeMembershipOptions, Members, NodeStatus, Server } from "raftkit";
import { HttpError } from "./errors.js";
import type { Change, MembersAnswer } from "./schemas/cluster.js";

interface Target {
  readonly to: Members;
  readonly expected: ChangeMembershipOptions["expected"];
}

const idsOf = (servers: readonly Server[] = []): string[] => servers.map(({ id }) => id);

/**
 * `add` and `remove` refer to the members that this node knows: if those are no longer in force,
 * the change is stale.
 * @throws {HttpError} 400 or 404: the change makes no sense; 409: the members differ
 */
export function targetOf(change: Change, status: NodeStatus): Target {
  const { voters, learners, add = [], remove = [], expected } = change;
  if (voters) return { to: { voters, learners }, expected };
  const { configuration, configurationIndex: index } = status;
  const [present, learning] = [idsOf(configuration?.voters), idsOf(configuration?.learners)];
  if (expected !== undefined && expected !== index) {
    throw new HttpError(
      409,
      "stale",
      `this node knows the members of index ${index}, not of ${expected}; check them with GET /v1/cluster/members, then ask again if you still want the change`,
    );
  }
  // Whoever only leaves is needed until the joint configuration has been left.
  if (!status.configurationCommitted || (configuration?.outgoing.length ?? 0) > 0) {
    const phase = status.configurationCommitted ? "is joint" : "isn't committed yet";
    throw new HttpError(
      409,
      "change_in_progress",
      `a change of members is in progress (index ${index} ${phase}); wait for it, check the members with GET /v1/cluster/members, then ask again`,
    );
  }
  const both = add.find((id) => remove.includes(id));
  if (both !== undefined) {
    throw new HttpError(400, "duplicate", `${both} is in both add and remove; choose one`);
  }
  const unknown = remove.filter((id) => !present.includes(id) && !learning.includes(id));
  if (unknown.length > 0) {
    const are = [...present, ...learning].join(", ");
    throw new HttpError(
      404,
      "unknown_member",
      `${unknown.join(", ")} can't be removed: not a member; the members are ${are}`,
    );
  }
  const stays = (id: string): boolean => !remove.includes(id);
  return {
    to: {
      voters: [...new Set([...present, ...add])].filter(stays),
      learners: learning.filter((id) => stays(id) && !add.includes(id)),
    },
    expected: index,
  };
}

export function membersOf(
  status: NodeStatus,
  httpAddress: (id: string) => string | undefined,
): MembersAnswer {
  const { configuration, configurationIndex, configurationCommitted, leaderId } = status;
  const { voters = [], learners = [], outgoing = [] } = configuration ?? {};
  const leaving = outgoing.filter(({ id }) => !voters.some((voter) => voter.id === id));
  const roles = [
    ["voter", voters],
    ["learner", learners],
    ["leaving", leaving],
  ] as const;
  return {
    index: configurationIndex,
    committed: configurationCommitted,
    leaderId,
    members: roles.flatMap(([role, servers]) =>
      servers.map(({ id, address, incarnation }) => {
        return { id, role, address, incarnation, http: httpAddress(id) ?? null };
      }),
    ),
    introduced: status.introductions.map(({ id, address, incarnation, rejoin }) => {
      return { id, address, incarnation, rejoin };
    }),
  };
}
