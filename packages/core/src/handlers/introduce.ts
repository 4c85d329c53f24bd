// A node introduces itself: a joiner, one whose disk was lost, or a member that has moved.
import { changeAddress, changeMembers } from "../operations/configuration-change.js";
import { send } from "../operations/emit.js";
import {
  judgeIntroduction,
  leaderPeer,
  noteIntroduction,
  noteTwoDirectories,
} from "../operations/introductions.js";
import { memberOf } from "../operations/voters.js";
import type { Introduce, IntroductionVerdict } from "../protocol/messages.js";
import type { Leader, State } from "../state/state.js";
import type { Configuration, Sender } from "../types.js";

/** Any node with a configuration can answer; only the leader remembers who asked. */
export function onIntroduce(state: State, from: Sender, message: Introduce): void {
  const { role, membership } = state;
  const { current } = membership;
  if (!current) return;
  const verdict = judgeIntroduction(state, current, from, message);
  if (role.kind === "leader") heed(state, role, from, message, verdict);
  send(state, from.id, {
    type: "introduced",
    to: from.incarnation,
    term: state.currentTerm,
    leader: leaderPeer(state),
    clusterInstance: current.clusterInstance,
    verdict,
  });
}

function heed(
  state: State,
  leader: Leader,
  from: Sender,
  message: Introduce,
  verdict: IntroductionVerdict,
): void {
  switch (verdict) {
    case "waiting":
      noteIntroduction(state, leader, from, message);
      break;
    case "member": {
      const member = memberOf(state, from);
      if (member && member.address !== message.address) {
        changeAddress(state, leader, { ...member, address: message.address });
      }
      break;
    }
    case "stillThere":
      noteTwoDirectories(state, leader, from.id);
      return;
    default:
      return;
  }
  if (message.rejoin) takeBack(state, leader, from);
}

/**
 * The way of a voter that lost its disk, one step with each introduction, and nothing to remember:
 * its former incarnation leaves, the new one becomes a learner, and once it has caught up a voter.
 * Whatever stands in the way is tried again with the next introduction.
 */
function takeBack(state: State, leader: Leader, { id, incarnation }: Sender): void {
  const latest = state.membership.history.at(-1);
  if (!latest) return;
  const { voters, learners } = idsOf(latest.configuration);
  const others = voters.filter((one) => one !== id);
  const isLearner = learners.includes(id);
  const known = memberOf(state, { id, incarnation });
  const isLost = !known && voters.includes(id);
  if (known && !isLearner) return;
  const heardAt = leader.progress.get(id)?.lastContactAt ?? -Infinity;
  // A leader that is new has heard nobody yet: whoever has its place may be alive.
  if (isLost && state.now - heardAt < state.options.electionTimeoutMs.max) return;
  changeMembers(state, leader, {
    expected: latest.index,
    voters: isLost ? others : isLearner ? [...voters, id] : voters,
    learners: isLost || isLearner ? learners.filter((one) => one !== id) : [...learners, id],
  });
}

function idsOf({ voters, learners }: Configuration): {
  readonly voters: readonly string[];
  readonly learners: readonly string[];
} {
  return { voters: voters.map(({ id }) => id), learners: learners.map(({ id }) => id) };
}
