// The sender of an AppendEntries or InstallSnapshot of this term leads it (paper §5.2).
import { InvariantViolation } from "../errors.js";
import type { Follower, State } from "../state/state.js";
import type { Sender } from "../types.js";
import { emit } from "./emit.js";
import { becomeFollower } from "./transitions.js";
import { memberOf } from "./voters.js";

/** @returns undefined when this sender can't be the leader of this term */
export function follow(state: State, from: Sender): Follower | undefined {
  const { role } = state;
  const known =
    role.kind === "leader" ? state.options : role.kind === "follower" ? role.leader : null;
  if (known && (known.id !== from.id || known.incarnation !== from.incarnation)) {
    if (memberOf(state, from)) {
      throw new InvariantViolation(
        `two leaders in term ${state.currentTerm}: ${known.id} and ${from.id}`,
      );
    }
    emit(state, { type: "dropped", from, reason: "notMember", disconnect: true });
    return undefined;
  }
  if (role.kind === "follower" && role.leader) return role;
  becomeFollower(state, from);
  return state.role.kind === "follower" ? state.role : undefined;
}
