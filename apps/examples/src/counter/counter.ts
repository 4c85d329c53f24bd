// The smallest state machine: a number that commands add to.
import type { StateMachine } from "raftkit";
import { readJsonSnapshot, writeJsonSnapshot } from "../json-snapshot.js";

/** Commands are numbers to add; the result, and the answer to the only query, is the total. */
export function createCounter(): StateMachine<number, number, "total", number> {
  let total = 0;
  return {
    apply: (add) => (total += add),
    query: () => total,
    snapshot: () => writeJsonSnapshot({ total }),
    async restore(source) {
      ({ total } = (await readJsonSnapshot(source)) as { readonly total: number });
    },
  };
}
