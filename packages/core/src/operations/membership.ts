// The configuration in force: the latest one in the log, committed or not (paper §6). It changes
// back when the log is truncated.
import { configurationsIn } from "../encoding/configuration.js";
import { InvariantViolation } from "../errors.js";
import { isListed, serversOf, votersOf } from "../members.js";
import type { Membership } from "../state/membership-state.js";
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { State } from "../state/state.js";
import type { EntryRun, Index, Peer, Server } from "../types.js";
import { followConfiguration } from "./followers.js";
import { memberOf } from "./voters.js";

/** Puts the configurations of a run that was appended in force. */
export function adoptConfigurations(state: State, run: EntryRun): void {
  const found = configurationsIn(run);
  if (!found) {
    throw new InvariantViolation(
      `the log holds a configuration after index ${run.firstIndex - 1} that can't be read`,
    );
  }
  if (found.length === 0) return;
  state.membership.history.push(...found);
  inForce(state);
}

/** What a snapshot says was in force at its index, where the log begins behind that entry. */
export function adoptConfigurationOf(state: State, snapshot: SnapshotMeta): void {
  const { configurationIndex: index, configuration } = snapshot;
  const { history } = state.membership;
  if (history.some((one) => one.index === index)) return;
  history.unshift({ index, configuration });
  inForce(state);
}

/** Goes back to the configuration before `index`. */
export function dropConfigurationsFrom(state: State, index: Index): void {
  const { history } = state.membership;
  const before = history.length;
  while ((history.at(-1)?.index ?? -1) >= index) history.pop();
  if (history.length !== before) inForce(state);
}

/** Whatever is the latest in the history counts from now on. */
export function inForce(state: State): void {
  const { membership, role } = state;
  const latest = membership.history.at(-1);
  membership.current = latest?.configuration;
  if (latest) {
    const { index, configuration } = latest;
    state.effects.push({ type: "membership", configuration, index });
  }
  if (role.kind === "leader") followConfiguration(state, role);
  noteOwnMembership(state);
  configurePeers(state);
}

/** Whether this node is named as it is: otherwise it has to introduce itself. */
export function noteOwnMembership(state: State): void {
  const { membership, introduction, options } = state;
  const named = memberOf(state, options);
  if (named) membership.removedAt = 0;
  const isWaiting = options.bootstrap.length === 0 && options.address !== "";
  introduction.isNeeded = membership.current
    ? options.address !== "" && named?.address !== options.address
    : isWaiting;
}

/**
 * No leader was heard, and this node can't become one. Its log may be wrong about it: the entry that
 * names it was lost with its leader, or it was removed while it was cut off. So it says who it is,
 * until somebody says that it is a member; else no change could name it again.
 */
export function doubtOwnMembership({ membership, introduction, options }: State): void {
  if (membership.current && options.address !== "") introduction.isNeeded = true;
}

/** The configuration in force at `index`, which is not the latest one if that is behind it. */
export function configurationAt(
  state: State,
  index: Index,
): Membership["history"][number] | undefined {
  return state.membership.history.findLast((one) => one.index <= index);
}

/**
 * A learner that rejoins gets nothing before its place is certain. What holds a log doesn't ask to
 * rejoin any more: it would be stuck with an entry that only it has.
 */
export function awaitsItsPlace(state: State, server: Server): boolean {
  const { current } = state.membership;
  if (current?.rejoining?.includes(server.id) !== true) return false;
  const committed = configurationAt(state, state.commitIndex)?.configuration;
  return isListed(current.learners, server) && !(committed && isListed(committed.learners, server));
}

/** The entry of the configuration in force; 0: there is none. */
export function configurationIndex({ membership: { history } }: State): Index {
  return history.at(-1)?.index ?? 0;
}

/**
 * Whether this node may be needed as a candidate: it votes in the configuration in force, or in one
 * before it that may be the last committed one (thesis §4.2.2: the only one that holds the entry by
 * which it leaves must win, so that the others get that).
 */
export function mayCampaign(state: State): boolean {
  const { removedAt, history } = state.membership;
  if (removedAt > 0) return false;
  const committed = configurationAt(state, state.commitIndex)?.index ?? 0;
  return history.some(
    ({ index, configuration }) =>
      index >= committed && isListed(votersOf(configuration), state.options),
  );
}

export function configurePeers(state: State): void {
  state.effects.push({ type: "configure", peers: peersOf(state) });
}

/**
 * The nodes to keep connections to: the members, the removed ones that a leader still informs, and
 * the leader to which a node introduces itself, at its reported address: the own log may have an
 * old one.
 */
export function peersOf(state: State): readonly Peer[] {
  const { membership, options, role, introduction } = state;
  const { current } = membership;
  const told = introduction.isNeeded ? introduction.leader : null;
  const peers: Peer[] = [];
  for (const peer of current ? serversOf(current) : options.bootstrap) {
    peers.push(told?.id === peer.id ? told : peer);
  }
  const known = (peer: Peer): boolean => peers.some(({ id }) => id === peer.id);
  if (role.kind === "leader") {
    for (const { server, leaving } of role.progress.values()) {
      if (leaving && !known(server)) peers.push(server);
    }
  }
  if (introduction.leader && !known(introduction.leader)) peers.push(introduction.leader);
  return peers.filter((peer) => peer.id !== options.id);
}
