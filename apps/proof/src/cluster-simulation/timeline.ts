// Lets the plan's faults begin: each waits for its time and for a node with its role in its phase,
// and befalls that node. What takes effect is counted: what acts on packets and writes, under the
// role and phase of that moment; all else where it began.
import type { SeededRandom } from "@raftkit/simulation";
import type { Coverage } from "../plans/coverage.js";
import { closingCells } from "../plans/coverage.js";
import type { Fault, FaultKind, Phase, Plan } from "../plans/plan.js";
import type { Computer } from "./computer.js";
import { strikes } from "./faults.js";
import type { Operators } from "./operators.js";
import type { SnapshotWatch } from "./snapshot-watch.js";
import type { View } from "./view.js";
import type { World } from "./world.js";

export interface Timeline {
  /** Lets begin what can begin now. */
  advance(): void;
  /** A fault of this kind took effect on this node. */
  count(kind: FaultKind, victim: Computer): void;
}

interface Planned {
  readonly fault: Fault;
  readonly number: number;
}

export function createTimeline(
  plan: Plan,
  world: World,
  view: View,
  coverage: Coverage,
  random: SeededRandom,
  isAt: SnapshotWatch["isAt"],
  operators: () => Operators | undefined,
): Timeline {
  const { time } = world;
  /** In order of their times; those whose time has come wait in `due`. */
  const coming: readonly Planned[] = plan.faults.map((fault, number) => ({ fault, number }));
  let due: Planned[] = [];
  let next = 0;
  let seen = -1;

  function count(kind: FaultKind, victim: Computer): void {
    coverage.count(kind, victim.status?.role ?? "follower", view.phase());
  }

  function victimOf({ fault, number }: Planned, present: Phase): Computer | undefined {
    const { kind, role, phase, duringInstall, duringChange } = fault;
    const others = operators()?.victimsOf(kind);
    if (others) return others[number % Math.max(1, others.length)];
    if (present !== phase) return undefined;
    if (duringChange && operators()?.changes.isUnderWay !== true) return undefined;
    if (duringInstall === undefined) return view.find(role, number);
    const isThere = (computer: Computer): boolean => isAt(computer, duringInstall);
    if (!world.computers.some(isThere)) return undefined;
    return view.find(role, number, role === "leader" ? undefined : isThere);
  }

  /** @returns whether its moment has come */
  function begin(planned: Planned, present: Phase): boolean {
    const victim = victimOf(planned, present);
    if (victim === undefined) return false;
    const { lagMs } = planned.fault;
    if (lagMs === undefined) strikeAt(planned, victim);
    else {
      time.at(time.now() + lagMs, () => {
        if (victim.node !== undefined && time.now() < plan.safetyMs) strikeAt(planned, victim);
      });
    }
    return true;
  }

  function strikeAt({ fault, number }: Planned, victim: Computer): void {
    world.note(
      `fault ${number} ${fault.kind} at ${victim.id}, ${fault.role} while ${fault.phase}, for ${fault.durationMs} ms`,
    );
    const own = random.fork(`fault/${number}`);
    const durationMs = Math.max(1, Math.min(fault.durationMs, plan.safetyMs - time.now()));
    if (operators()?.strike(fault, victim, durationMs, own) === true) return;
    strikes[fault.kind]?.({
      world,
      fault,
      victim,
      random: own,
      durationMs,
      handedOver:
        operators() && ((isHandedOver) => coverage.countCell(closingCells[isHandedOver ? 0 : 1])),
      struck(detail) {
        // A trap may spring when the node's role has changed: it counts where it was laid.
        coverage.count(fault.kind, fault.role, fault.phase);
        world.note(`${victim.id} ${fault.kind}${detail === undefined ? "" : ` ${detail}`}`);
      },
      note: (detail) => world.note(`${victim.id} ${fault.kind} ${detail}`),
    });
  }

  return {
    count,
    advance() {
      const now = time.now();
      if (now >= plan.safetyMs) return;
      for (
        let fault = coming[next];
        fault !== undefined && fault.fault.at <= now;
        fault = coming[++next]
      ) {
        due.push(fault);
        seen = -1;
      }
      if (due.length === 0 || view.version === seen) return;
      seen = view.version;
      // One after another: what a fault does changes who plays which role.
      let phase = view.phase();
      due = due.filter((fault) => {
        const hasBegun = begin(fault, phase);
        if (hasBegun) phase = view.phase();
        return !hasBegun;
      });
    },
  };
}
