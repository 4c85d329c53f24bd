// Wraps the caller's logger, which must never affect the node: an exception or rejected promise is
// ignored.
import type { Logger } from "./api.js";
import { isThenable } from "./thenable.js";

export function createSafeLogger(logger: Logger): Logger {
  const safely =
    (level: keyof Logger): Logger[keyof Logger] =>
    (fields, message) =>
      guard(
        () => logger[level](fields, message),
        () => {},
      );
  return {
    debug: safely("debug"),
    info: safely("info"),
    warn: safely("warn"),
    error: safely("error"),
  };
}

/** Runs the caller's code; what it throws or its promise rejects with goes to `onError`. */
export function guard(run: () => unknown, onError: (error: unknown) => void): void {
  try {
    const outcome = run();
    if (isThenable(outcome)) Promise.resolve(outcome).catch(onError);
  } catch (error) {
    onError(error);
  }
}
