// An answer to this node's introduction.
import { StorageLost } from "../errors.js";
import { serversOf } from "../members.js";
import { emit } from "../operations/emit.js";
import { configurePeers, noteOwnMembership } from "../operations/membership.js";
import type { Introduced } from "../protocol/messages.js";
import type { State } from "../state/state.js";
import type { Sender } from "../types.js";

export function onIntroduced(state: State, from: Sender, message: Introduced): void {
  const { introduction, membership, options } = state;
  const { leader, verdict, clusterInstance } = message;
  if (message.to !== options.incarnation) return;
  const { current } = membership;
  const own = current?.clusterInstance;
  const isOurs = own === undefined || own === clusterInstance;
  // Others who know this node by its configuration would miss it: theirs is a cluster that works, and
  // the other one is a stranger. Only who is alone can be a founder that was wiped (hazard 69).
  const isAlone = current !== undefined && serversOf(current).length === 1;
  if (verdict === "otherInstance" && !isOurs && isAlone) {
    throw new StorageLost(
      `node ${options.id} holds a log of another cluster (instance ${own}) than ${from.id} (instance ${clusterInstance}), whose configuration names ${options.id} with another data directory: that one was lost, and this one was bootstrapped as a new cluster; stop it, move its data directory (${options.incarnation}) away, and start it with an empty one as a node that rejoins; what was written to the new cluster is in that directory only`,
    );
  }
  // An answer from another cluster matters to a member, too: it may have been told to join that one.
  if (isOurs && !introduction.isNeeded) return;
  if (isOurs && leader && leader.id !== options.id) {
    const { leader: known } = introduction;
    const isNew = leader.id !== known?.id || leader.address !== known.address;
    const isItself = leader.id === from.id;
    if (isNew || isItself) {
      introduction.leader = leader;
      introduction.leaderHeardAt = state.now;
      introduction.leaderAnswered = isItself;
    }
    if (isNew) {
      introduction.askAt = state.now;
      configurePeers(state);
    }
  }
  if (verdict === "member" && membership.removedAt === 0) noteOwnMembership(state);
  const report = `${verdict} ${leader?.id ?? ""}`;
  if (introduction.reported === report) return;
  introduction.reported = report;
  emit(state, { type: "introduced", by: from.id, verdict, leaderId: leader?.id ?? null });
}
