// A client's side of a session: numbers its commands, sends them again until their outcome is
// known, and says which results it no longer needs (thesis §6.3).
/// <reference lib="esnext.disposable" preserve="true" />
import type { Index, ReturnOf } from "@raftkit/core";
import { checkOptionShape, InvalidOption } from "@raftkit/core";
import type { SessionOpened, SessionOutcome } from "./commands.js";
import { closeSession, numberedCommand, openSession } from "./commands.js";
import type { DeliveryClock, Patience, SessionNode } from "./delivery.js";
import { deliver } from "./delivery.js";
import {
  SessionClosedError,
  SessionCommandNotApplied,
  SessionCommandRefused,
  SessionExpired,
} from "./errors.js";

export interface SessionCallOptions {
  readonly signal?: AbortSignal;
  /** How long to try. Milliseconds; `Infinity`: forever. Default: the session's. */
  readonly timeoutMs?: number;
}

export interface CreateSessionOptions extends SessionCallOptions {
  /** The default for calls, and the timeout for opening the session. Default 30,000 ms. */
  readonly timeoutMs?: number;
  /** For tests. Default: real time. */
  readonly clock?: DeliveryClock;
}

/** Any number of calls may be open at once; concurrent commands are executed in any order. */
export interface Session<Command, Result> extends AsyncDisposable {
  /** The same on every node; the index of the command that opened it. */
  readonly id: Index;
  /**
   * Executes a command exactly once, whatever is lost on the way, and resolves with its result.
   * @throws {SessionError} one of its subclasses; `outcome` says whether it may be applied
   */
  propose<Given extends Command>(
    command: Given,
    options?: SessionCallOptions,
  ): Promise<ReturnOf<Command, Result, Given>>;
  /**
   * Accepts no more commands, waits for those in flight, and ends the session in the cluster. If
   * that fails, the session expires by itself. Never rejects. Idempotent.
   */
  close(options?: SessionCallOptions): Promise<void>;
}

const TIMEOUT_MS = 30_000;
const CALL_OPTIONS = { signal: "object", timeoutMs: "number" } as const;

/**
 * Opens a session on a cluster whose state machine is wrapped with `withSessions`. If the answer
 * gets lost, the unused session expires by itself.
 * @param node any node of the cluster
 * @throws {SessionCommandNotApplied}
 * @throws {SessionOutcomeUnknown}
 * @throws {InvalidOption} also if the node's state machine isn't wrapped
 */
export async function createSession<Command, Result>(
  node: SessionNode<Command, Result>,
  options: CreateSessionOptions = {},
): Promise<Session<Command, Result>> {
  checkOptionShape("createSession", options, { ...CALL_OPTIONS, clock: "object" });
  const { clock = systemClock, timeoutMs = TIMEOUT_MS, signal } = options;
  const patience = { signal, deadline: clock.now() + checked(timeoutMs) };
  const { answer } = await deliver(node, clock, openSession, patience);
  if (!isOpened(answer)) {
    throw new InvalidOption(
      "createSession: the node's state machine mistook the command that opens a session for one of its own, which may have changed its state; wrap the machine with withSessions on every node",
    );
  }
  return new ClientSession(node, clock, timeoutMs, answer);
}

function isOpened(answer: unknown): answer is SessionOpened {
  return (
    typeof answer === "object" &&
    answer !== null &&
    "session" in answer &&
    typeof answer.session === "number" &&
    "maxUnanswered" in answer &&
    typeof answer.maxUnanswered === "number"
  );
}

class ClientSession<Command, Result> implements Session<Command, Result> {
  readonly id: Index;
  readonly #node: SessionNode<Command, Result>;
  readonly #clock: DeliveryClock;
  readonly #timeoutMs: number;
  readonly #maxUnanswered: number;
  #nextNumber = 1;
  /** Numbers that are under way, ascending. */
  readonly #unanswered = new Set<number>();
  /** Calls that wait for a number, in their order. */
  readonly #waiting = new Set<{ take(): void; fail(error: Error): void }>();
  /** Told when nothing is under way. */
  #idle: (() => void) | undefined;
  #expired = false;
  #closing: Promise<void> | undefined;

  constructor(
    node: SessionNode<Command, Result>,
    clock: DeliveryClock,
    timeoutMs: number,
    { session, maxUnanswered }: SessionOpened,
  ) {
    this.id = session;
    this.#node = node;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#maxUnanswered = maxUnanswered;
  }

  async propose<Given extends Command>(
    command: Given,
    options?: SessionCallOptions,
  ): Promise<ReturnOf<Command, Result, Given>> {
    const patience = this.#patienceOf("propose", options);
    if (this.#expired) throw this.#expiredError(false);
    if (this.#closing) throw new SessionClosedError(`session ${this.id} was closed`);
    const isFree = this.#waiting.size === 0 && this.#hasRoom;
    const number = isFree ? this.#takeNumber() : await this.#waitForNumber(patience);
    try {
      const { answer, repeated } = await deliver(
        this.#node,
        this.#clock,
        () => numberedCommand(this.id, number, this.#lowest, command),
        patience,
      );
      const outcome = answer as SessionOutcome<ReturnOf<Command, Result, Given>>;
      if (outcome.ok) return outcome.result;
      throw this.#refusal(outcome.reason, repeated);
    } finally {
      this.#unanswered.delete(number);
      this.#goOn();
    }
  }

  /** The lowest number whose result somebody waits for. */
  get #lowest(): number {
    for (const number of this.#unanswered) return number;
    return this.#nextNumber;
  }

  get #hasRoom(): boolean {
    return this.#nextNumber - this.#lowest < this.#maxUnanswered;
  }

  #takeNumber(): number {
    const number = this.#nextNumber++;
    this.#unanswered.add(number);
    return number;
  }

  #waitForNumber({ signal, deadline }: Patience): Promise<number> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        cancel();
        signal?.removeEventListener("abort", giveUp);
        this.#waiting.delete(waiter);
      };
      const giveUp = (): void => {
        leave();
        const why = "not proposed in time: earlier commands of the session are in flight";
        reject(new SessionCommandNotApplied(why, { cause: signal?.reason }));
        this.#goOn();
      };
      const waiter = {
        take: (): void => {
          leave();
          resolve(this.#takeNumber());
        },
        fail: (error: Error): void => {
          leave();
          reject(error);
        },
      };
      const cancel = deadline < Infinity ? this.#clock.schedule(deadline, giveUp) : () => {};
      signal?.addEventListener("abort", giveUp);
      this.#waiting.add(waiter);
      if (signal?.aborted === true) giveUp();
    });
  }

  /** Some command has ended: those that wait for room get it, in their order. */
  #goOn(): void {
    for (const waiter of this.#waiting) {
      if (this.#expired) waiter.fail(this.#expiredError(false));
      else if (this.#hasRoom) waiter.take();
      else return;
    }
    if (this.#unanswered.size === 0) this.#idle?.();
  }

  #refusal(
    reason: Exclude<SessionOutcome<Result>, { ok: true }>["reason"],
    repeated: boolean,
  ): Error {
    if (reason === "unknownSession") {
      this.#expired = true;
      return this.#expiredError(repeated);
    }
    const outcome = reason === "resultNotKept" ? "applied" : repeated ? "unknown" : "notApplied";
    return new SessionCommandRefused(
      reason,
      outcome,
      reason === "resultNotKept"
        ? `a command of session ${this.id} was applied, but its result was lost on the way and couldn't be kept`
        : `session ${this.id} refused a command: ${reason}; a session must have one user only`,
    );
  }

  #expiredError(repeated: boolean): SessionExpired {
    return new SessionExpired(
      repeated ? "unknown" : "notApplied",
      `session ${this.id} has expired${repeated ? "; an earlier attempt at the command may or may not have been applied" : ""}; open a new one`,
    );
  }

  close(options?: SessionCallOptions): Promise<void> {
    const patience = this.#patienceOf("close", options);
    this.#closing ??= this.#end(patience);
    return this.#closing;
  }

  async #end(patience: Patience): Promise<void> {
    await this.#becomesIdle(patience);
    if (this.#expired || this.#unanswered.size > 0) return;
    await deliver(this.#node, this.#clock, () => closeSession(this.id), patience).catch(() => {});
  }

  #becomesIdle({ signal, deadline }: Patience): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const cancel = deadline < Infinity ? this.#clock.schedule(deadline, end) : () => {};
      signal?.addEventListener("abort", end);
      this.#idle = end;
      this.#goOn();
      if (signal?.aborted === true) end();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #patienceOf(call: string, options: SessionCallOptions = {}): Patience {
    checkOptionShape(`session.${call}`, options, CALL_OPTIONS);
    const { signal, timeoutMs = this.#timeoutMs } = options;
    return { signal, deadline: this.#clock.now() + checked(timeoutMs) };
  }
}

function checked(timeoutMs: number): number {
  if (timeoutMs >= 0) return timeoutMs;
  throw new InvalidOption(`option timeoutMs: given ${timeoutMs}; allowed: 0 or more milliseconds`);
}

const systemClock: DeliveryClock = {
  now: () => performance.now(),
  schedule(at, run) {
    const timer = setTimeout(run, Math.min(Math.max(0, at - performance.now()), 2 ** 31 - 1));
    return () => clearTimeout(timer);
  },
};
