// What all state machines of a cluster are given, and what they answer: the same at each index on
// every node, and what the model of sessions says. A command in a session is executed once, whoever
// sends it how often; when it comes again it gets the result of the first time, or a typed refusal.
import type { Codec } from "@raftkit/core";
import type { SessionOutcome } from "@raftkit/sessions";
import type { KvResult } from "@raftkit/kv";
import type { SessionEvent } from "../plans/coverage.js";
import type { Expected, Gone, SessionLimits } from "./session-model.js";
import { createSessionModel } from "./session-model.js";

/** What one machine did with one entry of the log. */
export interface Application {
  readonly index: number;
  readonly term: number;
  readonly elapsedMs: number;
  readonly command: readonly unknown[];
  /** The machine within was called. */
  readonly isExecuted: boolean;
  readonly result: unknown;
}

export interface Replicas {
  /** @param restored the index of the snapshot that this machine began with; 0: none */
  applied(node: string, application: Application, restored: number): void;
  /** Of the last command up to here that any machine was given. */
  lastCommand(index: number): number;
  /** A client was told this of a command that it sent in a session. */
  answered(session: number, number: number, outcome: SessionOutcome<KvResult>): void;
}

interface Known {
  readonly elapsedMs: number;
  readonly isExecuted: boolean;
  readonly text: string;
  readonly term: number;
}

const goneEvents: Readonly<Record<Gone, SessionEvent>> = {
  count: "goneByCount",
  time: "goneByTime",
  closed: "goneClosed",
};

export function createReplicas(
  limits: SessionLimits,
  codec: Codec,
  broken: (check: string, message: string) => void,
  count: (event: SessionEvent) => void,
): Replicas {
  const model = createSessionModel(limits);
  /** By index: what became of the command there. */
  const known: Known[] = [];
  /** By session and number: where it was executed, and with which result. */
  const executions = new Map<string, { readonly index: number; readonly text: string }>();

  function first(node: string, application: Application): Known {
    const { index, term, elapsedMs, command, isExecuted, result } = application;
    const expected = model.apply(command, index, elapsedMs);
    const why = contradiction(expected, application);
    if (why !== undefined) broken("sessions", `${node} applies a command at ${index}: ${why}`);
    if (isExecuted && command.length === 4) {
      const { result: kept } = result as { readonly result?: KvResult };
      const text = JSON.stringify(kept);
      const bytes = kept === undefined ? 0 : codec.encode(kept).length;
      model.executed(bytes <= limits.maxResultBytes ? text : null);
      noteExecution(node, `${String(command[0])}-${String(command[1])}`, index, text);
    }
    countEvents(expected, application);
    const text = command.length === 1 ? "" : JSON.stringify(result);
    return { elapsedMs, isExecuted, text, term };
  }

  function noteExecution(node: string, key: string, index: number, text: string): void {
    const before = executions.get(key);
    if (before) {
      broken(
        "sessions-once",
        `${node} executes command ${key} at ${index}, which was executed at ${before.index}`,
      );
    } else executions.set(key, { index, text });
  }

  function countEvents(expected: Expected, { term, elapsedMs, command }: Application): void {
    if (elapsedMs > 0) count("timePassed");
    switch (expected.type) {
      case "refused":
        if (expected.reason !== "unknownSession") count(expected.reason);
        else if (expected.gone) count(goneEvents[expected.gone]);
        break;
      case "executed":
        if (command.length === 4) count("executed");
        break;
      case "kept":
        count(expected.result === null ? "resultNotKept" : "kept");
        if (known[expected.index]?.term !== term) count("keptInLaterTerm");
        break;
      default:
        count(expected.type);
    }
  }

  return {
    applied(node, application, restored) {
      const { index, elapsedMs, isExecuted, command, result } = application;
      const before = known[index];
      // Outside of sessions clients judge what they are told.
      const isPlain = command.length === 1 && isExecuted;
      if (before !== undefined && isPlain && before.elapsedMs === elapsedMs) return;
      if (before === undefined) {
        known[index] = first(node, application);
      } else if (before.elapsedMs !== elapsedMs) {
        broken(
          "replicated-time",
          `${node} is told at ${index} that ${elapsedMs} ms have passed, others were told ${before.elapsedMs}`,
        );
      } else if (before.isExecuted !== isExecuted || before.text !== JSON.stringify(result)) {
        broken(
          "sessions",
          `${node} answers the command at ${index} with ${JSON.stringify(result)}, others with ${before.text}`,
        );
      }
      if (command.length !== 4 || isExecuted) return;
      const at = executions.get(`${String(command[0])}-${String(command[1])}`)?.index ?? Infinity;
      if (at <= restored && (result as { readonly ok?: boolean }).ok === true) {
        count("keptInSnapshot");
      }
    },
    lastCommand(index) {
      let last = index;
      while (last > 0 && known[last] === undefined) last--;
      return last;
    },
    answered(session, number, outcome) {
      if (!outcome.ok) return;
      const execution = executions.get(`${session}-${number}`);
      if (execution?.text !== JSON.stringify(outcome.result)) {
        broken(
          "sessions-once",
          `a client is told ${JSON.stringify(outcome.result)} of command ${session}-${number}, but its result is ${execution?.text ?? "none: it wasn't executed"}`,
        );
      }
    },
  };
}

/** @returns how what happened isn't what the model says */
function contradiction(
  expected: Expected,
  { index, isExecuted, result }: Application,
): string | undefined {
  const text = JSON.stringify(result);
  const told = (what: unknown): string | undefined => {
    const wanted = JSON.stringify(what);
    return text === wanted && !isExecuted
      ? undefined
      : `it should be answered with ${wanted}, and is${isExecuted ? " executed and" : ""} answered with ${text}`;
  };
  switch (expected.type) {
    case "executed":
      return isExecuted ? undefined : `it should be executed, and is answered with ${text}`;
    case "kept":
      return expected.result === null
        ? told({ ok: false, reason: "resultNotKept" })
        : told({ ok: true, result: JSON.parse(expected.result) });
    case "refused":
      return told({ ok: false, reason: expected.reason });
    case "closed":
      return told({ ok: true });
    case "opened":
      return !isExecuted && (result as { readonly session?: number }).session === index
        ? undefined
        : `it should open session ${index}, and is answered with ${text}`;
  }
}
