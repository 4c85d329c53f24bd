// Notices errors that no promise carries: thrown from a timer or an event handler, or a rejection
// that nobody handles. In a process of its own they end the program, so they count as a failure of
// the case that runs. Where there is no `process` (a browser) it notices nothing.
import { toError } from "./show.js";

export interface StrayErrors {
  /** Rejects with the first one; never resolves. */
  readonly first: Promise<never>;
  /**
   * Waits until what already happened was reported (a rejection is, at the end of the turn), stops
   * listening. @returns the first one
   */
  stop(): Promise<Error | undefined>;
}

export function catchStrayErrors(): StrayErrors {
  let seen: Error | undefined;
  let tell: (error: Error) => void = () => undefined;
  const first = new Promise<never>((_resolve, reject) => {
    tell = reject;
  });
  first.catch(() => undefined); // it need not be awaited
  const onError = (thrown: unknown): void => {
    seen ??= new Error(`an error was thrown outside of every promise: ${toError(thrown).message}`, {
      cause: thrown,
    });
    tell(seen);
  };
  const events =
    typeof process !== "undefined" && typeof process.on === "function"
      ? ["uncaughtException", "unhandledRejection"]
      : [];
  for (const event of events) process.on(event, onError);
  return {
    first,
    async stop() {
      await new Promise((resolve) => setTimeout(resolve, 0));
      for (const event of events) process.off(event, onError);
      return seen;
    },
  };
}
