// The base class of every error that this project throws on purpose. Adapters derive their own.

/**
 * An expected failure: `code` is stable and meant for programs, `message` says what happened, to
 * what, and what to do.
 */
export class RaftkitError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * This node's own state contradicts Raft's safety argument (a bug or a corrupted machine): it stops
 * at once.
 */
export class InvariantViolation extends RaftkitError {
  constructor(message: string) {
    super("INVARIANT_VIOLATION", message);
  }
}

/**
 * This data directory lacks entries that it acknowledged: it was replaced by an older copy of
 * itself, or its disk lost data that it had synced.
 */
export class StorageRolledBack extends RaftkitError {
  constructor(message: string) {
    super("STORAGE_ROLLED_BACK", message);
  }
}

/**
 * The cluster knows this node by another data directory: votes and entries that it promised to keep
 * are gone.
 */
export class StorageLost extends RaftkitError {
  constructor(message: string) {
    super("STORAGE_LOST", message);
  }
}

/** An option is wrong: the message names the option, the given value and the allowed ones. */
export class InvalidOption extends RaftkitError {
  constructor(message: string) {
    super("INVALID_OPTION", message);
  }
}

/** Ends a switch: the compiler refuses the call while a case is missing. */
export function assertNever(value: never): never {
  throw new InvariantViolation(`nothing handles ${JSON.stringify(value)}`);
}
