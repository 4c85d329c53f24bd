// A node introduces itself: a joiner, one whose disk was lost, or a member that has moved.
import { changeAddress } from "../operations/configuration-change.js";
import { send } from "../operations/emit.js";
import {
  judgeIntroduction,
  leaderPeer,
  noteIntroduction,
  noteTwoDirectories,
} from "../operations/introductions.js";
import { takeBack } from "../operations/rejoin.js";
import { memberOf } from "../operations/voters.js";
import type { Introduce, IntroductionVerdict } from "../protocol/messages.js";
import type { Leader, State } from "../state/state.js";
import type { Sender } from "../types.js";

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
  { address, ...message }: Introduce,
  verdict: IntroductionVerdict,
): void {
  const { id, incarnation } = from;
  switch (verdict) {
    case "notMember":
    case "waiting":
      noteIntroduction(state, leader, from, { address, ...message });
      if (verdict === "waiting" && message.rejoin) {
        takeBack(state, leader, { id, incarnation, address });
      }
      break;
    case "member": {
      const member = memberOf(state, from);
      if (member && member.address !== address) {
        changeAddress(state, leader, { ...member, address });
      }
      break;
    }
    case "stillThere":
      noteTwoDirectories(state, leader, id);
      break;
    default:
  }
}
