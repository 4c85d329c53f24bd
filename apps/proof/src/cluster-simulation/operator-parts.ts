// What operators of a simulated cluster work with, and who watches what they do; in plans in which
// there are any.
import type { NodeView } from "../invariants/view.js";
import { operatorKinds } from "../plans/plan.js";
import type { Plan } from "../plans/plan.js";
import { createAskedChanges } from "./asked-changes.js";
import { createChangeWatch } from "./change-watch.js";
import type { Computer } from "./computer.js";
import { configurationsInForce } from "./losses.js";
import type { Observers } from "./observers.js";
import type { OperatorParts } from "./operators.js";
import { createPlaces } from "./places.js";
import type { Run } from "./run-basics.js";
import { createTransfers } from "./transfers.js";

export function hasOperators({ founders, leaseDriftRate, faults }: Plan): boolean {
  return (
    founders !== undefined ||
    leaseDriftRate !== undefined ||
    faults.some(({ kind }) => operatorKinds.some((one) => one === kind))
  );
}

/** @param to observers, who observe these: there are none yet when these are made */
export function createOperatorParts(
  plan: Plan,
  { random, coverage, note, broken }: Run,
  nodes: readonly NodeView[],
  computers: readonly Computer[],
  to: () => Observers,
): OperatorParts {
  const ids = computers.map(({ id }) => id);
  const incarnationsOf = (id: string): readonly string[] =>
    nodes.filter((node) => node.id === id).map(({ incarnation }) => incarnation);
  const asked = createAskedChanges((id) => incarnationsOf(id).length > 1, broken);
  const changes = createChangeWatch(coverage, incarnationsOf, () => to().view.changed());
  const transfers = createTransfers(
    computers,
    coverage,
    () => to().view.leader(),
    () => changes.note("transfer"),
    note,
    broken,
  );
  const places = createPlaces({
    random: random.fork("places"),
    ids,
    founders: plan.founders ?? plan.nodes,
    joins: plan.founders !== undefined,
    isBootstrapped: () => to().view.phase() !== "bootstrapping",
    inForce: () => configurationsInForce(nodes),
    latest: () => to().view.leader()?.status?.configuration ?? asked.latest,
  });
  return { asked, changes, transfers, places };
}
