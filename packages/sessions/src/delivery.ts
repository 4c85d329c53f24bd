// Brings one command to the cluster: proposes it repeatedly, until its outcome is known or its time
// is over. The caller must make sure that a repetition is harmless.
import type { Clock } from "@raftkit/core";
import type { SessionsCommand } from "./commands.js";
import { SessionCommandNotApplied, SessionOutcomeUnknown } from "./errors.js";

/** What a session needs of a node; a `RaftNode` of raftkit is one. */
export interface SessionNode<Command, Result> {
  propose(
    command: SessionsCommand<Command, Result>,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<unknown>;
}

/** A call's limits. */
export interface Patience {
  readonly signal: AbortSignal | undefined;
  /** On the clock. */
  readonly deadline: number;
}

export type DeliveryClock = Pick<Clock, "now" | "schedule">;

/** How it ended, and whether an earlier attempt may have been applied, too. */
export interface Delivered {
  readonly answer: unknown;
  readonly repeated: boolean;
}

/** So long one attempt takes at most: a lost answer is noticed then. */
const ATTEMPT_MS = 5_000;
const PAUSE_MS_MIN = 10;
const PAUSE_MS_MAX = 1_000;

/** Of a node's `NOT_PROPOSED`: a later attempt may succeed. */
const PASSING: ReadonlySet<unknown> = new Set([
  "noLeader",
  "notSent",
  "overloaded",
  "diskFull",
  "superseded",
  "timeout",
]);
/** Of its `OUTCOME_UNKNOWN`: the node still runs. */
const LOST: ReadonlySet<unknown> = new Set(["timeout", "leaderChanged", "snapshotInstalled"]);

/**
 * @param command as it is proposed this time
 * @throws {SessionCommandNotApplied}
 * @throws {SessionOutcomeUnknown} some attempt may have been applied
 */
export async function deliver<Command, Result>(
  node: SessionNode<Command, Result>,
  clock: DeliveryClock,
  command: () => SessionsCommand<Command, Result>,
  { signal, deadline }: Patience,
): Promise<Delivered> {
  let repeated = false;
  for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MS_MAX)) {
    let failure: unknown;
    try {
      const timeoutMs = Math.max(0, Math.min(ATTEMPT_MS, deadline - clock.now()));
      const answer = await node.propose(command(), { timeoutMs, ...(signal && { signal }) });
      return { answer, repeated };
    } catch (error) {
      failure = error;
    }
    const code = fieldOf(failure, "code");
    const reason = fieldOf(failure, "reason");
    repeated ||= code !== "NOT_PROPOSED";
    const isWorthIt = (code === "NOT_PROPOSED" ? PASSING : LOST).has(reason);
    if (!isWorthIt || signal?.aborted === true || clock.now() + pauseMs > deadline) {
      throw givenUp(repeated, failure);
    }
    await pause(clock, pauseMs, signal);
  }
}

function givenUp(isUnknown: boolean, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return isUnknown
    ? new SessionOutcomeUnknown(`given up while the command may or may not be applied: ${why}`, {
        cause,
      })
    : new SessionCommandNotApplied(why, { cause });
}

/** Errors are known by their code: they may come from another copy of a package. */
function fieldOf(error: unknown, field: string): unknown {
  return error instanceof Error ? Reflect.get(error, field) : undefined;
}

/** Ends early when the signal aborts. */
async function pause(
  clock: DeliveryClock,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.schedule(clock.now() + ms, end);
    signal?.addEventListener("abort", end);
  });
}
