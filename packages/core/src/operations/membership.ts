// Which configuration is in force: the latest one in the log, committed or not (paper §6). Follows
// the log when it is cut.
import { configurationsIn } from "../encoding/configuration.js";
import { InvariantViolation } from "../errors.js";
import type { Membership } from "../state/membership-state.js";
import type { SnapshotMeta } from "../ports/snapshot-storage.js";
import type { State } from "../state/state.js";
import type { EntryRun, Index, Peer } from "../types.js";

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
  const { membership } = state;
  membership.current = membership.history.at(-1)?.configuration;
  if (membership.current) {
    state.effects.push({ type: "membership", configuration: membership.current });
  }
  state.effects.push({ type: "configure", peers: peersOf(state) });
}

/** The configuration in force at `index`, which is not the latest one if that is behind it. */
export function configurationAt(
  state: State,
  index: Index,
): Membership["history"][number] | undefined {
  return state.membership.history.findLast((one) => one.index <= index);
}

/** Whom to keep connections to. */
export function peersOf(state: State): readonly Peer[] {
  const peers: readonly Peer[] = state.membership.current?.voters ?? state.options.bootstrap;
  return peers.filter((peer) => peer.id !== state.options.id);
}
