// Whether a node serves: it must answer in the end.
import type { World } from "./world.js";
import { planAction } from "./world.js";

/** A write, then a read, each repeated until it is answered. */
export function probe(world: World, id: string, what: "put" | "get", onAnswered: () => void): void {
  const member = world.members[world.byId.get(id) ?? 0];
  if (!member) return;
  let attempt = 0;
  const again = (): void => {
    const client = `probe-${id}-${what}-${attempt++}`;
    world.clients.call(member, client, what, 0, 1_000, (end) => {
      if (end !== "answered") planAction(world, world.now + 10, again);
      else if (what === "put") probe(world, id, "get", onAnswered);
      else onAnswered();
    });
  };
  again();
}
