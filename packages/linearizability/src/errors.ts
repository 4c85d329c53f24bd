// The one error of this package: a history that can't be checked because it isn't one. Never says
// that a history is wrong.

/** The history is malformed. The message says where and what. */
export class HistoryError extends Error {
  readonly code = "HISTORY_INVALID";
  /** Place in the list that was given, from 0; undefined if the error was found in text. */
  readonly operation: number | undefined;

  constructor(message: string, operation?: number) {
    super(message);
    this.name = "HistoryError";
    this.operation = operation;
  }
}
