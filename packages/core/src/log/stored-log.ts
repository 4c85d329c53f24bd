// The effect of operations on a log's base, hard state and last index. For storage adapters. It
// refuses an operation that contradicts the log, so that nothing is stored that could not be read
// back as a log.
import { inspectEntries, TERM_MAX } from "../encoding/entry.js";
import { isValidId, isValidIncarnation } from "../encoding/identifier-checks.js";
import { InvariantViolation } from "../errors.js";
import type { LogOperation } from "../ports/log-storage.js";
import type { HardState, Index, Member, Term } from "../types.js";

/** The numbers of a stored log. */
export interface LogState {
  readonly base: { readonly index: Index; readonly term: Term };
  readonly hardState: HardState;
  readonly lastIndex: Index;
}

/** Of a log that was just created. */
export const emptyLogState: LogState = {
  base: { index: 0, term: 0 },
  hardState: { currentTerm: 0, votedFor: null },
  lastIndex: 0,
};

/**
 * For operations from outside: also looks into the runs. What was read back needs no second look:
 * its checksum was right.
 * @throws {InvariantViolation} the operation doesn't fit the log; nothing was changed
 */
export function checkedNextLogState(state: LogState, operation: LogOperation): LogState {
  if (operation.type === "append") {
    const { count, bytes } = operation.run;
    if (count < 1 || inspectEntries(bytes)?.count !== count) {
      throw refused(
        operation.type,
        `a run whose ${bytes.length} bytes are not ${count} entries`,
        state,
      );
    }
  }
  return nextLogState(state, operation);
}

/** @throws {InvariantViolation} the operation doesn't fit the log; nothing was changed */
export function nextLogState(state: LogState, operation: LogOperation): LogState {
  const { base, hardState, lastIndex } = state;
  switch (operation.type) {
    case "hardState": {
      const { currentTerm, votedFor } = operation.hardState;
      if (!isStorable(currentTerm)) throw refused(operation.type, `term ${currentTerm}`, state);
      if (votedFor !== null && !isMember(votedFor)) {
        throw refused(operation.type, `a vote for ${JSON.stringify(votedFor)}`, state);
      }
      return { base, hardState: { currentTerm, votedFor }, lastIndex };
    }
    case "append": {
      const { firstIndex, count } = operation.run;
      if (firstIndex !== lastIndex + 1) {
        throw refused(operation.type, `entries from ${firstIndex} on`, state);
      }
      return { base, hardState, lastIndex: lastIndex + count };
    }
    case "truncateFrom":
      if (!(operation.index > base.index && operation.index <= lastIndex + 1)) {
        throw refused(operation.type, `index ${operation.index}`, state);
      }
      return { base, hardState, lastIndex: operation.index - 1 };
    case "compactThrough":
      if (
        !(operation.index >= base.index && operation.index <= lastIndex) ||
        !isStorable(operation.term)
      ) {
        throw refused(operation.type, `index ${operation.index}, term ${operation.term}`, state);
      }
      return { base: { index: operation.index, term: operation.term }, hardState, lastIndex };
    case "resetTo":
      if (!isStorable(operation.index) || !isStorable(operation.term)) {
        throw refused(operation.type, `index ${operation.index}, term ${operation.term}`, state);
      }
      return {
        base: { index: operation.index, term: operation.term },
        hardState,
        lastIndex: operation.index,
      };
  }
}

function isMember({ id, incarnation }: Member): boolean {
  return isValidId(id) && isValidIncarnation(incarnation);
}

/** Terms and indexes both have 48 bits on disk. */
function isStorable(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= TERM_MAX;
}

function refused(type: string, what: string, { base, lastIndex }: LogState): InvariantViolation {
  return new InvariantViolation(
    `the log was asked to ${type} ${what}, but it holds the entries after ${base.index} up to ${lastIndex}; nothing was written, and this is a bug in the caller`,
  );
}
