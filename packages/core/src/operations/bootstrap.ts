// Bootstrapping a cluster (docs/rules.md, identity and bootstrapping). The initial voter with the
// smallest id asks the others until each has answered this run of it: blank, and started with the
// same list. Then it writes entry 1, the configuration with everyone's incarnation.
import { encodeConfiguration } from "../encoding/configuration.js";
import { encodeRun, EntryKind } from "../encoding/entry.js";
import type { BootstrapState } from "../state/bootstrap-state.js";
import type { State } from "../state/state.js";
import type { NodeId } from "../types.js";
import { isDurable, promiseSeq } from "./durability.js";
import { campaign } from "./election.js";
import { send } from "./emit.js";
import { adoptConfigurations } from "./membership.js";
import { adoptTerm } from "./transitions.js";

/** The initial voters without which the cluster can't form, as far as this node knows. */
export function missingVoters(state: State): readonly NodeId[] {
  const { bootstrapping, senders, options } = state;
  const answered = bootstrapping ? bootstrapping.incarnations : senders;
  return options.bootstrap.flatMap(({ id }) => (id === options.id || answered.has(id) ? [] : [id]));
}

/** Due every heartbeat interval until the cluster is bootstrapped. */
export function onAskDue(state: State, bootstrapping: BootstrapState): void {
  const { bootstrap, heartbeatIntervalMs } = state.options;
  const missing = missingVoters(state);
  if (missing.length === 0) {
    writeFirstEntry(state, bootstrapping);
    return;
  }
  bootstrapping.askAt = state.now + heartbeatIntervalMs;
  for (const id of missing) {
    send(state, id, {
      type: "bootstrapRequest",
      to: "",
      term: state.currentTerm,
      voters: bootstrap,
    });
  }
}

/**
 * Term 1 is led by nobody: the first leader is elected for term 2, as always. Later terms are for a
 * node that comes back with an empty data directory: whatever it wrote and led before is of an
 * earlier term than all that it does now.
 */
export function writeFirstEntry(state: State, bootstrapping: BootstrapState): void {
  const voters = state.options.bootstrap.map(({ id, address }) => ({
    id,
    address,
    incarnation: bootstrapping.incarnations.get(id) ?? "",
  }));
  const term = Math.max(bootstrapping.latestTerm, 1);
  if (term > state.currentTerm) adoptTerm(state, term);
  const run = encodeRun(1, state.currentTerm, EntryKind.configuration, [
    encodeConfiguration({
      clusterInstance: state.options.clusterInstance,
      voters,
      learners: [],
      outgoing: [],
    }),
  ]);
  state.log.append(run);
  state.durability.staged.push({ type: "append", run });
  adoptConfigurations(state, run);
  bootstrapping.askAt = Infinity;
  bootstrapping.awaitedSeq = promiseSeq(state);
}

/** At the end of a turn: the first campaign, once entry 1 is durable. */
export function campaignWhenBootstrapped(state: State): void {
  const { bootstrapping } = state;
  if (bootstrapping?.awaitedSeq == null || !isDurable(state, bootstrapping.awaitedSeq)) return;
  state.bootstrapping = null;
  if (state.role.kind === "follower" && !state.role.leader) campaign(state);
}
