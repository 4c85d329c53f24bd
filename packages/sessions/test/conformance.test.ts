// Machines with sessions against the conformance suite: a synchronous one within, and an
// asynchronous one that has sessions already.
import type { Random, StateMachine } from "@raftkit/core";
import type { Drawn } from "@raftkit/conformance";
import { machineSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import type { SessionsCommand, SessionsOptions, SessionsResult } from "../src/index.js";
import {
  closeSession,
  numberedCommand,
  openSession,
  plainCommand,
  withSessions,
} from "../src/index.js";
import type { Command, Result, State } from "./support/ledger.js";
import { add, codec, createLedger, take } from "./support/ledger.js";

// Few and short-lived, so that all rules are met; the suite lets up to 100 s pass at once.
const options: SessionsOptions = {
  codec,
  maxSessions: 6,
  maxUnanswered: 5,
  expireAfterMs: 120_000,
  maxResultBytes: 12,
};

/** Only of so many results the sessions are looked for: histories are long. */
const RECENT = 100;

function inner(random: Random): Command {
  const name = `name-${Math.floor(random() * 20)}`;
  return random() < 0.3 ? take(name) : add(name, Math.floor(random() * 10_000));
}

type Commands = SessionsCommand<Command, Result>;
type Results = SessionsResult<Result>;

function command(random: Random, { results, step }: Drawn<Results>): Commands {
  const opened = results
    .slice(-RECENT)
    .flatMap((result) => ("session" in result ? [result.session] : []));
  const session = opened.at(-1 - Math.floor(random() * 8)) ?? 1;
  const kind = random();
  if (opened.length === 0 || kind < 0.08) return openSession();
  if (kind < 0.1) return closeSession(session);
  if (kind < 0.2) return plainCommand(inner(random));
  const number = 1 + Math.floor(step / 20) + Math.floor(random() * 6);
  const lowest = Math.max(1, number - Math.floor(random() * 6));
  // Mostly the same command under a number, so that it meets its repetition.
  const same = add(`name-${number % 20}`, number);
  return numberedCommand(session, number, lowest, random() < 0.8 ? same : inner(random));
}

const capabilities = [
  "snapshots",
  "checked",
  "atomicRestore",
  "stableSnapshot",
  "versioned",
] as const;

/** The version is the fourth byte. */
function otherVersion(snapshot: Uint8Array): Uint8Array {
  snapshot[3] = 1 + (snapshot[3] ?? 0);
  return snapshot;
}

describeSuite("sessions", machineSuite, {
  name: "withSessions",
  capabilities: [...capabilities],
  create: () => ({
    machine: () => withSessions(createLedger(), options),
    command,
    queries: [null],
    otherVersion,
  }),
});

/** What it says comes later. */
function slow(): StateMachine<Commands, Results, null, State> {
  const machine = withSessions(createLedger(), options);
  return {
    ...machine,
    apply: async (given, context) => {
      await Promise.resolve();
      return machine.apply(given, context);
    },
  };
}

describeSuite("sessions in sessions", machineSuite, {
  name: "withSessions(withSessions)",
  capabilities: [...capabilities],
  create: () => ({
    machine: () => withSessions(slow(), { codec, maxSessions: 3, expireAfterMs: 500_000 }),
    command: (random: Random, { results, step }: Drawn<SessionsResult<Results>>) => {
      const [outer] = results;
      if (typeof outer !== "object" || !("session" in outer)) return openSession();
      const within = results
        .slice(1)
        .slice(-RECENT)
        .flatMap((result) => {
          if (!("ok" in result)) return [result];
          return "result" in result ? [result.result as Results] : [];
        });
      const next = command(random, { results: within, step });
      if (random() < 0.3) return plainCommand(next);
      const number = 1 + Math.floor(step / 2);
      return numberedCommand(outer.session, number, number, next);
    },
    queries: [null],
    otherVersion,
  }),
});
