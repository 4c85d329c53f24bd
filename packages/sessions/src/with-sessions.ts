// A state machine with sessions: what a command does to them, and when the inner machine is called.
// It depends only on the state, the command and its context (thesis §6.3).
import type { ApplyContext, StateMachine } from "@raftkit/core";
import { InvalidOption } from "@raftkit/core";
import type { SessionOutcome, SessionsCommand, SessionsResult } from "./commands.js";
import { parseCommand } from "./commands.js";
import type { Limits, SessionsOptions } from "./options.js";
import { checkOptions, clockIntervalOf } from "./options.js";
import { decodedResult, keptResult } from "./results.js";
import { readSnapshot, writeSnapshot } from "./snapshot.js";
import type { Session } from "./table.js";
import { SessionTable } from "./table.js";
import { hashNumbers, hashValue } from "./value-hash.js";

/** A machine with sessions: other commands than the one within, the same queries. */
export type SessionsMachine<Command, Result, Query, Answer> = StateMachine<
  SessionsCommand<Command, Result>,
  SessionsResult<Result>,
  Query,
  Answer
>;

/**
 * Wraps a state machine, so that clients can send a command again without its being executed again.
 * It has `hash`; `snapshot` and `restore` where the machine has both.
 * @param machine fresh, and nobody else's from now on. One with durable state of its own (`open`)
 * can't be wrapped: it would know of commands that the sessions don't.
 * @throws {InvalidOption}
 */
export function withSessions<Command, Result, Query, Answer>(
  machine: StateMachine<Command, Result, Query, Answer>,
  options: SessionsOptions,
): SessionsMachine<Command, Result, Query, Answer> {
  const limits = checkOptions(options);
  if (machine.open) {
    throw new InvalidOption(
      "withSessions: the state machine has open(), so its state is durable by itself; allowed: one in memory, like the sessions; after a restart the machine would otherwise have executed commands that they don't know of",
    );
  }
  const sessions = new Sessions(machine, options, limits);
  const hash = machine.hash?.bind(machine);
  const snapshot = machine.snapshot?.bind(machine);
  const restore = machine.restore?.bind(machine);
  const close = machine.close?.bind(machine);
  const { commandFormat, borrowsCommands } = machine;
  return {
    commandFormat: commandFormat === undefined ? "sessions-1" : `sessions-1+${commandFormat}`,
    borrowsCommands,
    clockIntervalMs: clockIntervalOf(limits, machine.clockIntervalMs),
    apply: (command, context) => sessions.apply(command, context),
    query: (query) => machine.query(query),
    hash: () => sessions.hash(hash),
    ...(snapshot &&
      restore && {
        snapshot: () => sessions.snapshot(snapshot),
        restore: (source, position) => sessions.restore(source, (rest) => restore(rest, position)),
      }),
    ...(close && { close }),
  };
}

class Sessions<Command, Result> {
  readonly #machine: Pick<StateMachine<Command, Result, never, unknown>, "apply">;
  readonly #codec: SessionsOptions["codec"];
  readonly #limits: Limits;
  #table: SessionTable;
  /** Since the machine within was last called: its next command is told of it. */
  #elapsedMs = 0;

  constructor(
    machine: Pick<StateMachine<Command, Result, never, unknown>, "apply">,
    { codec }: SessionsOptions,
    limits: Limits,
  ) {
    this.#machine = machine;
    this.#codec = codec;
    this.#limits = limits;
    this.#table = new SessionTable(limits);
  }

  apply(
    given: SessionsCommand<Command, Result>,
    context: ApplyContext,
  ): SessionsResult<Result> | PromiseLike<SessionsResult<Result>> {
    this.#elapsedMs += context.elapsedMs;
    this.#table.pass(context.elapsedMs);
    const parsed = parseCommand(given);
    if (typeof parsed === "string") return { ok: false, reason: "invalid", message: parsed };
    switch (parsed.type) {
      case "open":
        this.#table.open(context.index);
        return {
          ok: true,
          session: context.index,
          maxUnanswered: this.#limits.maxUnanswered,
        };
      case "close":
        this.#table.close(parsed.session);
        return { ok: true };
      case "plain":
        return this.#execute(parsed.command as Command, context);
      case "numbered": {
        const { session: id, number, lowest } = parsed;
        const command = parsed.command as Command;
        const session = this.#table.use(id, context.index);
        if (!session) return { ok: false, reason: "unknownSession" };
        return this.#once(session, number, lowest, command, context);
      }
    }
  }

  /** Executes it, unless this number was executed or may have been. */
  #once(
    { id, lowest: known, kept }: Session,
    number: number,
    lowest: number,
    command: Command,
    context: ApplyContext,
  ): SessionOutcome<Result> | PromiseLike<SessionOutcome<Result>> {
    if (number < known) return { ok: false, reason: "answered" };
    const fingerprint = hashValue(command);
    const before = kept.get(number);
    if (before && before.fingerprint !== fingerprint) {
      return { ok: false, reason: "differentCommand" };
    }
    // Numbers between two that were executed may still come: pipelined commands overtake each other.
    if (!before && number - Math.max(known, lowest) >= this.#limits.maxUnanswered) {
      return { ok: false, reason: "tooManyUnanswered" };
    }
    this.#table.raiseLowest(id, lowest);
    if (before) return this.#again(before.bytes);
    const keep = (result: Result): SessionOutcome<Result> => {
      const { maxResultBytes } = this.#limits;
      const made = keptResult(this.#codec, maxResultBytes, number, fingerprint, result);
      this.#table.keep(id, number, made);
      return { ok: true, result };
    };
    const result = this.#execute(command, context);
    return isThenable(result) ? result.then(keep) : keep(result);
  }

  #again(bytes: Uint8Array | null): SessionOutcome<Result> {
    return bytes
      ? { ok: true, result: decodedResult(this.#codec, bytes) as Result }
      : { ok: false, reason: "resultNotKept" };
  }

  #execute(command: Command, { index, term }: ApplyContext): Result | PromiseLike<Result> {
    const elapsedMs = this.#elapsedMs;
    this.#elapsedMs = 0;
    return this.#machine.apply(command, { index, term, elapsedMs });
  }

  /** 14 digits for the sessions, and as many for the machine's own hash. */
  hash(ofMachine: (() => string | PromiseLike<string>) | undefined): string | Promise<string> {
    const { maxSessions, maxUnanswered, expireAfterMs, maxResultBytes } = this.#limits;
    const own = hashNumbers(
      this.#table.hash,
      this.#elapsedMs,
      maxSessions,
      maxUnanswered,
      expireAfterMs,
      maxResultBytes,
    );
    const joined = (hash: unknown): string => `${digits(own)}${digits(hashValue(hash))}`;
    const inner = ofMachine?.();
    return isThenable(inner) ? Promise.resolve(inner).then(joined) : joined(inner);
  }

  snapshot(ofMachine: () => AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    const head = writeSnapshot(
      this.#table.capture(),
      this.#elapsedMs,
      this.#codec.name,
      this.#limits,
    );
    const rest = ofMachine();
    return (async function* () {
      yield* head;
      yield* rest;
    })();
  }

  /** @param ofMachine restores the machine within from what follows the sessions */
  async restore(
    source: AsyncIterable<Uint8Array>,
    ofMachine: (rest: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void> {
    const { capture, elapsedMs } = await readSnapshot(source, this.#codec, this.#limits, ofMachine);
    this.#table = new SessionTable(this.#limits, capture);
    this.#elapsedMs = elapsedMs;
  }
}

function digits(hash: number): string {
  return hash.toString(16).padStart(14, "0");
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return (
    ((typeof value === "object" && value !== null) || typeof value === "function") &&
    typeof Reflect.get(value, "then") === "function"
  );
}
