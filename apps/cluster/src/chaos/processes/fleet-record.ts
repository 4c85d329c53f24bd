// What becomes of the processes of a run, for its report: the state that each node is in, and every
// error that nobody injected.

export type NodeState = "down" | "starting" | "up" | "paused" | "wiped";

export interface StateChange {
  readonly atMs: number;
  readonly node: number;
  readonly state: NodeState;
}

export class FleetRecord {
  readonly states: StateChange[];
  /** What went wrong with a process, in words: none may. */
  readonly processErrors: string[] = [];
  readonly #now: () => number;

  /** The nodes are up when the run's time begins. */
  constructor(nodes: number, now: () => number) {
    this.#now = now;
    this.states = Array.from({ length: nodes }, (_, node) => ({ atMs: 0, node, state: "up" }));
  }

  is(node: number, state: NodeState): boolean {
    return this.states.findLast((change) => change.node === node)?.state === state;
  }

  note(node: number, state: NodeState): void {
    this.states.push({ atMs: this.#now(), node, state });
  }

  /** How much time has passed, in words. */
  get time(): string {
    return `${(this.#now() / 1000).toFixed(1)} s`;
  }
}
