// The state machine: how often each client was let in during the present window of time. It has no
// clock: the time comes in with the command, so that a replay gives the same decisions. So do the
// limits: those that change later don't change what was decided.
import type { RaftNode, StateMachine } from "raftkit";
import { readJsonSnapshot, writeJsonSnapshot } from "../json-snapshot.js";

/** Somebody asks to be let in. */
export interface Take {
  readonly client: string;
  /** Milliseconds since 1970, on the clock of whoever proposes it. */
  readonly nowMs: number;
  /** How many are let in during each `periodMs`. */
  readonly limit: number;
  readonly periodMs: number;
}

export type Decision =
  | { readonly allowed: true; readonly left: number }
  | { readonly allowed: false; readonly retryAfterMs: number };

interface Snapshot {
  readonly windowStartMs: number;
  readonly taken: readonly (readonly [client: string, count: number])[];
}

/** How often was this client let in during the present window? */
export interface TakenQuery {
  readonly client: string;
}

export type LimiterMachine = StateMachine<Take, Decision, TakenQuery, number>;
export type LimiterNode = RaftNode<Take, Decision, TakenQuery, number>;

export function createLimiterMachine(): LimiterMachine {
  let windowStartMs = 0;
  let taken = new Map<string, number>();
  return {
    apply({ client, nowMs, limit, periodMs }) {
      const startMs = Math.floor(nowMs / periodMs) * periodMs;
      // Clocks differ, and a command may come late: time never runs backwards here.
      if (startMs > windowStartMs) {
        windowStartMs = startMs;
        taken = new Map();
      }
      const count = taken.get(client) ?? 0;
      if (count >= limit) {
        return { allowed: false, retryAfterMs: windowStartMs + periodMs - nowMs };
      }
      taken.set(client, count + 1);
      return { allowed: true, left: limit - count - 1 };
    },
    query: ({ client }) => taken.get(client) ?? 0,
    snapshot: () => writeJsonSnapshot({ windowStartMs, taken: [...taken] } satisfies Snapshot),
    async restore(source) {
      const snapshot = (await readJsonSnapshot(source)) as Snapshot;
      windowStartMs = snapshot.windowStartMs;
      taken = new Map(snapshot.taken);
    },
  };
}
