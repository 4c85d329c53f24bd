// Nodes that introduce themselves: those that no configuration names yet, and members that moved to
// another address. Nobody counts them before a configuration does.
import { isListed, isSameMember, serversOf } from "../members.js";
import type { IntroductionVerdict, Introduce } from "../protocol/messages.js";
import type { Introduction } from "../state/introduction-state.js";
import type { Leader, State } from "../state/state.js";
import { isBlank, leaderOf } from "../state/state.js";
import type { Configuration, NodeId, Peer, Sender, Server } from "../types.js";
import { emit, send } from "./emit.js";
import { configurePeers } from "./membership.js";
import { memberOf, otherVoters } from "./voters.js";

/** So many of the longest election timeouts an introduction is believed. */
const FRESH_TIMEOUTS = 4;

const INTRODUCTIONS_MAX = 100;

/** The nodes that were met are asked in turn: more would make the turns long. */
const CONTACTS_MAX = 16;

/** Says who this node is and where it is reached. */
export function introduce(state: State, to: NodeId): void {
  const { introduction, membership, options } = state;
  introduction.sent++;
  send(state, to, {
    type: "introduce",
    to: "",
    term: state.currentTerm,
    address: options.address,
    // What holds a log was named once: the configuration says whether it is still to be a voter.
    rejoin: options.rejoin === true && isBlank(state),
    clusterInstance: membership.current?.clusterInstance ?? "",
  });
}

/** A node answered at an address without a known id. */
export function noteContact({ introduction: { contacts } }: State, id: NodeId): void {
  contacts.delete(id);
  contacts.add(id);
  for (const oldest of contacts) {
    if (contacts.size <= CONTACTS_MAX) return;
    contacts.delete(oldest);
  }
}

/** To whom: the leader if it is known, else a node that can name it. */
function introductionTarget(state: State): NodeId | null {
  const { introduction } = state;
  const known = leaderOf(state)?.id ?? introduction.leader?.id;
  if (known !== undefined) return known;
  // Each in turn: some of them may be gone.
  const ids = [...introduction.contacts, ...otherVoters(state).map(({ id }) => id)];
  return ids[introduction.sent % Math.max(1, ids.length)] ?? null;
}

/** When this node introduces itself next; Infinity: it is known as it is, or knows nobody. */
export function introductionDeadline(state: State): number {
  const { introduction, membership, role } = state;
  if (!introduction.isNeeded || role.kind === "leader") return Infinity;
  // The leader has named this node: only the entry isn't here yet.
  if (!membership.current && leaderOf(state)) return Infinity;
  return introductionTarget(state) === null ? Infinity : introduction.askAt;
}

/** Due every heartbeat interval until a configuration names this node as it is. */
export function onIntroductionDue(state: State): void {
  const { introduction, options } = state;
  introduction.askAt = state.now + options.heartbeatIntervalMs;
  // A node that doesn't answer may no longer lead.
  if (
    introduction.leader &&
    state.now - introduction.leaderHeardAt >= options.electionTimeoutMs.max
  ) {
    introduction.leader = null;
    configurePeers(state);
  }
  const to = introductionTarget(state);
  if (to !== null) introduce(state, to);
}

/** What is to be said to a node that introduces itself. */
export function judgeIntroduction(
  state: State,
  current: Configuration,
  from: Sender,
  message: Introduce,
): IntroductionVerdict {
  const servers = serversOf(current);
  const named = servers.find(({ id }) => id === from.id);
  const { clusterInstance, address, rejoin } = message;
  if (clusterInstance !== "" && clusterInstance !== current.clusterInstance) {
    return named ? "otherInstance" : "otherCluster";
  }
  if (servers.some((server) => server.address === address && server.id !== from.id)) {
    return "addressTaken";
  }
  if (!named) return rejoin ? "notMember" : "waiting";
  if (isSameMember(named, from)) return "member";
  const { learners, rejoining = [] } = current;
  if (!rejoin || (isListed(learners, named) && !rejoining.includes(from.id))) return "idTaken";
  return isHeard(state, from.id) ? "stillThere" : "waiting";
}

/** Whether the member of this id answered within an election timeout, as far as a leader knows. */
function isHeard({ role, now, options }: State, id: NodeId): boolean {
  if (id === options.id) return true;
  const progress = role.kind === "leader" ? role.progress.get(id) : undefined;
  // A new leader has heard nobody yet.
  if (!progress || progress.round === 0) return false;
  return now - progress.lastContactAt < options.electionTimeoutMs.max;
}

/** The leader remembers a stranger for a while, so that a change can name it. */
export function noteIntroduction(
  state: State,
  leader: Leader,
  from: Sender,
  { address, rejoin }: Introduce,
): void {
  const { introductions } = leader;
  for (const [id, { at }] of introductions) {
    if (!isFresh(state, at)) introductions.delete(id);
  }
  const { id, incarnation } = from;
  const known = introductions.get(id);
  if (!known && introductions.size >= INTRODUCTIONS_MAX) return;
  const isTwice = known !== undefined && known.server.incarnation !== incarnation;
  if (isTwice) noteTwoDirectories(state, leader, id);
  introductions.set(id, { server: { id, incarnation, address }, rejoin, at: state.now });
}

/** Two processes of one id were heard at the same time: told once in a leadership. */
export function noteTwoDirectories(state: State, leader: Leader, id: NodeId): void {
  if (leader.twoDirectories.has(id) || leader.twoDirectories.size >= INTRODUCTIONS_MAX) return;
  leader.twoDirectories.add(id);
  emit(state, { type: "notice", notice: "twoDirectories", peer: id });
}

function isFresh({ now, options }: State, at: number): boolean {
  return now - at < FRESH_TIMEOUTS * options.electionTimeoutMs.max;
}

/** Nodes that introduced themselves recently and aren't members. */
export function strangersIn(
  state: State,
  leader: Leader,
): readonly (Server & { readonly rejoin: boolean })[] {
  if (leader.introductions.size === 0) return [];
  return [...leader.introductions.values()].flatMap(({ server, rejoin, at }) =>
    isFresh(state, at) && !memberOf(state, server) ? [{ ...server, rejoin }] : [],
  );
}

export function freshIntroduction(
  state: State,
  leader: Leader,
  id: NodeId,
): Introduction | undefined {
  const found = leader.introductions.get(id);
  return found && isFresh(state, found.at) ? found : undefined;
}

/**
 * Where the leader is reached, as far as this node knows. One that was removed follows nobody, and
 * may be all that a joiner knows: it names the leader that answers its own introductions, never one
 * that others told it of, or two of them could tell each other of it for ever.
 */
export function leaderPeer(state: State): Peer | null {
  const { introduction, now, options } = state;
  const { id, address, electionTimeoutMs } = options;
  if (state.role.kind === "leader") return address === "" ? null : { id, address };
  const leader = leaderOf(state);
  const member = leader && memberOf(state, leader);
  if (member) return { id: member.id, address: member.address };
  const isAnswering =
    introduction.leaderAnswered && now - introduction.leaderHeardAt < electionTimeoutMs.max;
  return isAnswering ? introduction.leader : null;
}
