// Which nodes can't reach each other, because somebody cut the link between them.
import { ClusterError } from "../errors.js";
import type { Supervisor } from "./supervisor.js";

/** Two nodes, in the order of their numbers. */
export type Link = readonly [string, string];

export class Links {
  readonly #supervisor: Pick<Supervisor, "nodes" | "cutOff">;
  #cuts: readonly Link[] = [];

  constructor(supervisor: Pick<Supervisor, "nodes" | "cutOff">) {
    this.#supervisor = supervisor;
  }

  /** Between nodes that there are. */
  get cuts(): readonly Link[] {
    const ids = this.#supervisor.nodes().map(({ place }) => place.id);
    return this.#cuts.filter((link) => link.every((id) => ids.includes(id)));
  }

  /** @throws {ClusterError} a node has no link to itself */
  cut(a: string, b: string): void {
    if (a === b) {
      throw new ClusterError("BAD_REQUEST", `${a} has no link to itself`, { status: 400 });
    }
    if (!this.#cuts.some((link) => link.includes(a) && link.includes(b))) {
      this.#set([...this.cuts, a < b ? [a, b] : [b, a]]);
    }
  }

  heal(a: string, b: string): void {
    this.#set(this.cuts.filter((link) => !(link.includes(a) && link.includes(b))));
  }

  /** From all others. */
  isolate(id: string): void {
    for (const { place } of this.#supervisor.nodes()) if (place.id !== id) this.cut(id, place.id);
  }

  /** @param id all links of this node; null: all that there are */
  healAll(id: string | null): void {
    this.#set(this.cuts.filter((link) => id !== null && !link.includes(id)));
  }

  #set(cuts: readonly Link[]): void {
    this.#cuts = cuts;
    const nodes = this.#supervisor.nodes();
    for (const { place } of nodes) {
      const others = nodes.filter(
        (other) =>
          other.place.id !== place.id &&
          cuts.some((link) => link.includes(place.id) && link.includes(other.place.id)),
      );
      this.#supervisor.cutOff(
        place.id,
        others.map((other) => Number(other.place.peer.split(":").at(-1))),
      );
    }
  }
}
