// A node that loses, delays and refuses what a test says, over a real machine with sessions.
import { RaftkitError } from "@raftkit/core";
import type { SessionNode, SessionsCommand, SessionsResult } from "../../src/index.js";
import type { Command, Result } from "./ledger.js";
import { Driver } from "./ledger.js";
import type { SessionsOptions } from "../../src/index.js";

/**
 * - `lost`: it doesn't get there, and nobody knows. `unanswered`: it is applied, its answer is lost.
 * - `passed`: it is applied, and the node got it in a snapshot, without its result.
 * - `late`: it is applied after the next one that is, and nobody knows.
 * - another text: not proposed, for that reason.
 */
export type Fate = "applied" | "lost" | "unanswered" | "passed" | "late" | (string & {});

export class FakeError extends RaftkitError {
  readonly reason: string;
  constructor(code: "NOT_PROPOSED" | "OUTCOME_UNKNOWN", reason: string, cause?: unknown) {
    super(code, `the node says ${reason}`, { cause });
    this.reason = reason;
  }
}

export class FakeNode implements SessionNode<Command, Result> {
  readonly driver: Driver;
  /** As they were proposed. */
  readonly proposed: SessionsCommand<Command, Result>[] = [];
  /** Of the next proposals; `applied` when there is none. */
  fates: Fate[] = [];
  /** Proposals wait for it. */
  gate: Promise<void> = Promise.resolve();
  readonly #late: SessionsCommand<Command, Result>[] = [];

  constructor(options: Partial<SessionsOptions> = {}) {
    this.driver = new Driver(options);
  }

  async propose(
    command: SessionsCommand<Command, Result>,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<SessionsResult<Result>> {
    if (signal?.aborted === true) throw new FakeError("NOT_PROPOSED", "aborted", signal?.reason);
    this.proposed.push(command);
    const fate = this.fates.shift() ?? "applied";
    await this.gate;
    if (isAborted(signal)) throw new FakeError("OUTCOME_UNKNOWN", "aborted", signal?.reason);
    switch (fate) {
      case "applied":
        return this.#apply(command);
      case "unanswered":
        this.#apply(command);
        throw new FakeError("OUTCOME_UNKNOWN", "leaderChanged");
      case "passed":
        this.#apply(command);
        throw new FakeError("OUTCOME_UNKNOWN", "snapshotInstalled");
      case "lost":
        throw new FakeError("OUTCOME_UNKNOWN", "timeout");
      case "late":
        this.#late.push(command);
        throw new FakeError("OUTCOME_UNKNOWN", "timeout");
      case "ended":
        throw new FakeError("OUTCOME_UNKNOWN", "closing");
      default:
        throw new FakeError("NOT_PROPOSED", fate);
    }
  }

  #apply(command: SessionsCommand<Command, Result>): SessionsResult<Result> {
    const result = this.driver.apply(command);
    for (const late of this.#late.splice(0)) this.driver.apply(late);
    return result;
  }
}

/** By now. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted ?? false;
}
