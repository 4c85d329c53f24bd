// Lets the plan's faults begin: each waits for its time and for a node with its role in its phase, and befalls that node.
// It counts what really struck, under what the fault had waited for.
import type { SeededRandom } from "../../random.js";
import type { Fault, Plan } from "../plan.js";
import { strikes } from "./faults.js";
import type { View } from "./view.js";
import type { World } from "./world.js";

export interface Timeline {
  /** Lets begin what can begin now. */
  advance(): void;
  /** `kind role phase` → how often it struck. */
  readonly injected: ReadonlyMap<string, number>;
}

export function createTimeline(plan: Plan, world: World, view: View, random: SeededRandom): Timeline {
  const { time } = world;
  const injected = new Map<string, number>();
  /** In order of their times; those whose time has come wait in `due`. */
  const coming = plan.faults.map((fault, number) => ({ fault, number }));
  let due: { readonly fault: Fault; readonly number: number }[] = [];
  let next = 0;
  let seen = -1;

  function begin({ fault, number }: { readonly fault: Fault; readonly number: number }): boolean {
    const victim = view.find(fault.role);
    if (victim === undefined || view.phase() !== fault.phase) return false;
    const name = `${fault.kind} ${fault.role} ${fault.phase}`;
    world.note(`fault ${number} ${name} at ${victim.id} for ${fault.durationMs} ms`);
    strikes[fault.kind]({
      world, fault, victim, random: random.fork(`fault/${number}`),
      durationMs: Math.max(1, Math.min(fault.durationMs, plan.safetyMs - time.now())),
      struck(detail) {
        injected.set(name, (injected.get(name) ?? 0) + 1);
        world.note(`${victim.id} ${fault.kind}${detail === undefined ? "" : ` ${detail}`}`);
      },
    });
    return true;
  }

  return {
    injected,
    advance() {
      const now = time.now();
      if (now >= plan.safetyMs) return;
      for (let fault = coming[next]; fault !== undefined && fault.fault.at <= now; fault = coming[++next]) {
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
