// What becomes of the processes of a run, for its report: the state that each node is in, and every
// error that nobody injected.

/** `absent`: it isn't part of the run yet, or any more. */
export type NodeState = "down" | "starting" | "up" | "paused" | "wiped" | "absent";

export interface StateChange {
  readonly atMs: number;
  readonly node: number;
  readonly state: NodeState;
}

export class FleetRecord {
  readonly states: StateChange[] = [];
  /** What went wrong with a process, in words: none may. */
  readonly processErrors: string[] = [];
  readonly #now: () => number;
  #hasBegun = false;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The run's time begins, and these nodes are up. */
  begin(nodes: readonly number[]): void {
    this.#hasBegun = true;
    for (const node of nodes) this.states.push({ atMs: 0, node, state: "up" });
  }

  is(node: number, state: NodeState): boolean {
    return this.states.findLast((change) => change.node === node)?.state === state;
  }

  note(node: number, state: NodeState): void {
    if (this.#hasBegun) this.states.push({ atMs: this.#now(), node, state });
  }

  /** How much time has passed, in words. */
  get time(): string {
    return `${(this.#now() / 1000).toFixed(1)} s`;
  }
}
