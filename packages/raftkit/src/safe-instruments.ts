// Wraps the caller's instruments, which must never affect the node: an exception or rejected
// promise of theirs is logged once.
import type { EndSpan, Instruments, Operation } from "./instruments.js";
import type { Logger } from "./api.js";
import { InvalidOption, messageOf } from "./errors.js";
import { isThenable } from "./thenable.js";

export interface SafeInstruments extends Instruments {
  span(operation: Operation): EndSpan;
}

const nothing = (): void => {};

export function createSafeInstruments(create: () => Instruments, logger: Logger): SafeInstruments {
  let told = false;
  const failed = (error: unknown): void => {
    if (told) return;
    told = true;
    logger.error(
      { err: error },
      `an instrument failed: ${messageOf(error)}. The node continues; its metrics and traces may be incomplete, and later failures of instruments aren't logged`,
    );
  };

  /** No closure for each call: some run for every command. */
  function safe<Args extends unknown[], Result>(
    run: (...args: Args) => Result,
    otherwise: Result,
  ): (...args: Args) => Result {
    return (...args) => {
      try {
        const outcome = run(...args);
        if (isThenable(outcome)) Promise.resolve(outcome).catch(failed);
        return outcome;
      } catch (error) {
        failed(error);
        return otherwise;
      }
    };
  }

  const instruments = safe<[], Instruments | undefined>(() => checked(create()), undefined)();
  const record = safe(
    (instrument: Parameters<Instruments["histogram"]>[0]) => instruments?.histogram(instrument),
    undefined,
  );
  const span = safe((operation: Operation) => instruments?.span?.(operation), undefined);
  return {
    counter: safe((instrument, read) => instruments?.counter(instrument, read), undefined),
    gauge: safe((instrument, read) => instruments?.gauge(instrument, read), undefined),
    histogram(instrument) {
      const given = record(instrument);
      return given ? safe(given, undefined) : nothing;
    },
    span(operation) {
      const end = span(operation);
      return end ? safe(end, undefined) : nothing;
    },
    close: safe(() => instruments?.close(), undefined),
  };
}

/** Types say so too, but not every program is checked by them. */
function checked(instruments: Instruments): Instruments {
  const missing = ["counter", "gauge", "histogram", "close"].filter(
    (name) => typeof Reflect.get(Object(instruments), name) !== "function",
  );
  if (missing.length === 0) return instruments;
  throw new InvalidOption(
    `option instruments: given a function whose result lacks ${missing.join(", ")}; allowed: one that returns Instruments`,
  );
}
