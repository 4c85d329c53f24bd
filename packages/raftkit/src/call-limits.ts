// Checks how long a call may take and what ends it earlier, and enforces both.
import type { Clock } from "@raftkit/core";
import { AbortSignals } from "./abort-signals.js";
import type { ReadyOptions } from "./api-calls.js";
import { createDeadlines } from "./deadlines.js";
import type { Deadlines } from "./deadlines.js";
import { checkSignal, checkTimeout } from "./options.js";
import type { PendingCall } from "./pending-call.js";

/** A call's options, checked. */
export interface Limits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export class CallLimits {
  readonly #deadlines: Deadlines;
  readonly #signals: AbortSignals = new AbortSignals();

  constructor(clock: Clock) {
    this.#deadlines = createDeadlines(clock);
  }

  /** @throws what is wrong with them */
  check(options: ReadyOptions | undefined, defaultMs: number): Limits {
    const timeoutMs = checkTimeout(options?.timeoutMs ?? defaultMs);
    return { timeoutMs, signal: options?.signal && checkSignal(options.signal) };
  }

  apply(call: PendingCall, { timeoutMs, signal }: Limits): void {
    this.#deadlines.add(call, timeoutMs);
    if (signal) call.watch(this.#signals.of(signal));
  }

  clear(): void {
    this.#deadlines.clear();
  }
}
