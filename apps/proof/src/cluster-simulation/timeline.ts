// Lets the plan's faults begin: each waits for its time and for a node with its role in its phase,
// and befalls that node. What takes effect is counted: what acts on packets and writes, under the
// role and phase of that moment; all else where it began.
import type { SeededRandom } from "@raftkit/simulation";
import type { Coverage } from "../plans/coverage.js";
import type { Fault, FaultKind, Plan } from "../plans/plan.js";
import type { Computer } from "./computer.js";
import { strikes } from "./faults.js";
import type { View } from "./view.js";
import type { World } from "./world.js";

export interface Timeline {
  /** Lets begin what can begin now. */
  advance(): void;
  /** A fault of this kind took effect on this node. */
  count(kind: FaultKind, victim: Computer): void;
}

export function createTimeline(
  plan: Plan,
  world: World,
  view: View,
  coverage: Coverage,
  random: SeededRandom,
): Timeline {
  const { time } = world;
  /** In order of their times; those whose time has come wait in `due`. */
  const coming = plan.faults.map((fault, number) => ({ fault, number }));
  let due: { readonly fault: Fault; readonly number: number }[] = [];
  let next = 0;
  let seen = -1;

  function count(kind: FaultKind, victim: Computer): void {
    coverage.count(kind, victim.status?.role ?? "follower", view.phase());
  }

  function begin({ fault, number }: { readonly fault: Fault; readonly number: number }): boolean {
    const victim = view.find(fault.role, number);
    if (victim === undefined || view.phase() !== fault.phase) return false;
    world.note(
      `fault ${number} ${fault.kind} at ${victim.id}, ${fault.role} while ${fault.phase}, for ${fault.durationMs} ms`,
    );
    strikes[fault.kind]?.({
      world,
      fault,
      victim,
      random: random.fork(`fault/${number}`),
      durationMs: Math.max(1, Math.min(fault.durationMs, plan.safetyMs - time.now())),
      struck(detail) {
        // A trap may spring when the node's role has changed: it counts where it was laid.
        coverage.count(fault.kind, fault.role, fault.phase);
        world.note(`${victim.id} ${fault.kind}${detail === undefined ? "" : ` ${detail}`}`);
      },
      note: (detail) => world.note(`${victim.id} ${fault.kind} ${detail}`),
    });
    return true;
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
      due = due.filter((fault) => !begin(fault));
    },
  };
}
