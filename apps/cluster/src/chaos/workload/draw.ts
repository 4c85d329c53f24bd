// What a client does next. Every write has a value of its own, so that its effect is known wherever
// it shows, and shows twice if it happened twice.
import type { KeyValueInput } from "@raftkit/linearizability";
import type { Random } from "../random.js";
import type { Key } from "./keys.js";
import { valueName } from "./values.js";

/** Draws an operation on a key: reads, writes with and without a condition, deletions. */
export function createDraw(random: Random): (key: Key) => KeyValueInput {
  let values = 0;
  return ({ name, version }) => {
    const kind = random.next();
    if (kind < 0.4) return { op: "get", key: name };
    if (kind < 0.7) return { op: "put", key: name, value: valueName(++values) };
    if (kind < 0.9 && version !== undefined) {
      return { op: "put", key: name, value: valueName(++values), expected: { version } };
    }
    if (kind < 0.92) {
      return { op: "put", key: name, value: valueName(++values), expected: "absent" };
    }
    if (kind < 0.96 && version !== undefined) {
      return { op: "delete", key: name, expected: { version } };
    }
    return { op: "delete", key: name };
  };
}
