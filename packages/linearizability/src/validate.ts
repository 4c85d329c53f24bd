// Refuses lists of operations that are not a history, and orders the others by time. A malformed
// history must never be checked: its verdict would say nothing about the system.
import { HistoryError } from "./errors.js";
import type { Operation } from "./types.js";

/**
 * @returns the operations in order of invocation; those of one client in the order in which it
 * called them
 * @throws {HistoryError} times that are no times, an end before its beginning, a client with two
 * operations open at once
 */
export function inOrder<I, O>(history: readonly Operation<I, O>[]): readonly Operation<I, O>[] {
  const places = history.map((_, place) => place);
  history.forEach(checkTimes);
  const at = (place: number) => history[place] as Operation<I, O>;
  places.sort(
    (a, b) =>
      at(a).invoked - at(b).invoked || compareEnds(at(a).completed, at(b).completed) || a - b,
  );
  const last = new Map<string, number>();
  for (const place of places) {
    const { client, invoked } = at(place);
    const before = last.get(client);
    if (before !== undefined && at(before).completed > invoked) {
      const open =
        at(before).completed === Infinity
          ? "whose outcome is unknown: continue under another client name"
          : `which is open until ${at(before).completed}`;
      throw new HistoryError(
        `client ${JSON.stringify(client)} calls at ${invoked} during its operation of ${at(before).invoked}, ${open}`,
        place,
      );
    }
    last.set(client, place);
  }
  return places.map((place) => withoutAnswer(at(place)));
}

/**
 * What stands for the answer of an unknown outcome has no meaning; behind this, `output` is what is
 * known of the answer.
 */
function withoutAnswer<I, O>(operation: Operation<I, O>): Operation<I, O> {
  const { client, invoked, completed, input, output } = operation;
  return completed === Infinity && output !== undefined
    ? { client, invoked, completed, input }
    : operation;
}

function compareEnds(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function checkTimes(
  { client, invoked, completed }: Operation<unknown, unknown>,
  place: number,
): void {
  if (Number.isFinite(invoked) && completed >= invoked) return;
  const who = `operation ${place} (client ${JSON.stringify(client)})`;
  if (!Number.isFinite(invoked)) {
    throw new HistoryError(`${who}: "invoked" is ${invoked}; it must be a finite number`, place);
  }
  if (Number.isNaN(completed)) {
    throw new HistoryError(
      `${who}: "completed" is NaN; it must be a number, or Infinity for an unknown outcome`,
      place,
    );
  }
  throw new HistoryError(
    `${who}: "completed" (${completed}) is earlier than "invoked" (${invoked})`,
    place,
  );
}
