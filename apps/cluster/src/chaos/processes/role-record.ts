// What the nodes said of themselves: who leads in which term, and each change.
import { nodeName } from "../faults/fault-names.js";
import type { NodeStatus } from "../../supervisor/node-status.js";

/** What a node said of itself from this moment on; `role` "silent": nothing. */
export interface RoleChange {
  readonly atMs: number;
  readonly node: number;
  readonly role: string;
  readonly term: number;
}

export class RoleRecord {
  readonly changes: RoleChange[] = [];
  /** By node; what it said last, `undefined` once it was silent. */
  readonly #latest = new Map<number, NodeStatus | undefined>();
  /** By term: who said that it led. */
  readonly #leaders = new Map<number, Set<number>>();

  note(atMs: number, node: number, status: NodeStatus | undefined): void {
    const isFirst = !this.#latest.has(node);
    const before = this.#latest.get(node);
    this.#latest.set(node, status);
    if (status?.role === "leader") {
      const leaders = this.#leaders.get(status.term) ?? new Set();
      this.#leaders.set(status.term, leaders.add(node));
    }
    if (isFirst || before?.role !== status?.role || before?.term !== status?.term) {
      const term = status?.term ?? before?.term ?? 0;
      this.changes.push({ atMs, node, role: status?.role ?? "silent", term });
    }
  }

  /** The node that leads in the highest term. */
  leader(): number | undefined {
    const leading = [...this.#latest].flatMap(([node, status]) =>
      status?.role === "leader" ? [{ node, term: status.term }] : [],
    );
    return leading.toSorted((a, b) => b.term - a.term || a.node - b.node)[0]?.node;
  }

  termsWithTwoLeaders(): string[] {
    return [...this.#leaders].flatMap(([term, nodes]) =>
      nodes.size > 1 ? [`term ${term}: ${[...nodes].map(nodeName).join(" and ")}`] : [],
    );
  }

  /** The leaders seen, one for each term. */
  leadershipTerms(): number {
    return this.#leaders.size;
  }
}
