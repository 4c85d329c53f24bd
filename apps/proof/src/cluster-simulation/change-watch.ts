// What goes wrong while the members change, for the coverage matrix: which change it is, by the
// first configuration that a leader appends for it, and each trouble until the configuration to
// which that leads is committed. It judges nothing.
import type { Index, NodeId, Term } from "@raftkit/core";
import type { Invariant } from "../invariants/invariant.js";
import type { NodeView } from "../invariants/view.js";
import type { ChangeCase, ChangeTrouble, Coverage } from "../plans/coverage.js";
import { changeCaseOf } from "../plans/member-changes.js";

export interface ChangeWatch extends Invariant {
  note(trouble: ChangeTrouble): void;
  /** A leader has begun one, and it isn't committed. */
  readonly isUnderWay: boolean;
}

interface Change {
  readonly kind: ChangeCase;
  readonly index: Index;
  readonly term: Term;
  readonly leader: NodeId;
  isTroubled: boolean;
}

/**
 * @param begun told when a leader has begun one
 * @param incarnationsOf of all data directories that this node had, the latest one last
 */
export function createChangeWatch(
  coverage: Coverage,
  incarnationsOf: (id: NodeId) => readonly string[],
  begun: () => void,
): ChangeWatch {
  let change: Change | undefined;

  function note(trouble: ChangeTrouble): void {
    if (!change) return;
    change.isTroubled = true;
    coverage.countChange(change.kind, trouble);
  }

  function appended({ id, role, currentTerm, log }: NodeView, firstIndex: Index): void {
    const last = log.configurations.at(-1);
    const before = log.configurations.at(-2)?.configuration;
    if (!last || !before || last.index < firstIndex || role !== "leader") return;
    if (log.term(last.index) !== currentTerm) return;
    const { configuration, index } = last;
    if (configuration.outgoing.length === 0 && before.outgoing.length > 0) return;
    if (change) note("takenBack");
    const kind = changeCaseOf(
      id,
      before,
      configuration,
      (one) => incarnationsOf(one.id).at(-1) !== one.incarnation,
      (one) => incarnationsOf(one.id).indexOf(one.incarnation) > 0,
    );
    change = { kind, index, term: currentTerm, leader: id, isTroubled: false };
    begun();
  }

  return {
    note,
    appended,
    get isUnderWay() {
      return change !== undefined;
    },
    changed({ role, currentTerm }) {
      if (!change || role !== "leader" || currentTerm <= change.term) return;
      note("newLeader");
      change = { ...change, term: currentTerm };
    },
    truncating({ id }, index) {
      if (change && index <= change.index && id === change.leader) note("takenBack");
    },
    committed({ log, commitIndex }) {
      if (!change || commitIndex < change.index) return;
      const last = log.configurations.findLast(({ index }) => index <= commitIndex);
      if (!last || last.index < change.index || last.configuration.outgoing.length > 0) return;
      if (!change.isTroubled) coverage.countChange(change.kind, "nothing");
      change = undefined;
    },
  };
}
