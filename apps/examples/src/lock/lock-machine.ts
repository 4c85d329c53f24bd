// The state machine of a lock service: who holds which lock, until when, and with which token. Its
// time is replicated, so that all nodes agree on when a lock has expired.
import type { RaftNode, Returns, StateMachine } from "raftkit";
import { readJsonSnapshot, writeJsonSnapshot } from "../json-snapshot.ts";

/** Takes a free lock, or keeps one that the owner holds. */
export interface Acquire extends Returns<Acquired> {
  readonly type: "acquire";
  readonly name: string;
  readonly owner: string;
  readonly ttlMs: number;
}

export interface Release extends Returns<boolean> {
  readonly type: "release";
  readonly name: string;
  readonly owner: string;
}

/** `token` is larger than that of every earlier holder: pass it to what the lock protects. */
export type Acquired =
  | { readonly held: true; readonly token: number }
  | { readonly held: false; readonly owner: string; readonly freeInMs: number };

interface Holder {
  readonly owner: string;
  readonly token: number;
  readonly untilMs: number;
}

type Command = Acquire | Release;
export type LockMachine = StateMachine<Command, Acquired | boolean, string, string | undefined>;
export type LockNode = RaftNode<Command, Acquired | boolean, string, string | undefined>;

export function createLockMachine(): LockMachine {
  let nowMs = 0;
  let holders = new Map<string, Holder>();
  const holderOf = (name: string): Holder | undefined => {
    const holder = holders.get(name);
    return holder !== undefined && holder.untilMs > nowMs ? holder : undefined;
  };
  return {
    commandFormat: "locks-1",
    clockIntervalMs: 100,
    apply(command, { index, elapsedMs }) {
      nowMs += elapsedMs;
      const { name, owner } = command;
      const holder = holderOf(name);
      if (command.type === "release") return holder?.owner === owner && holders.delete(name);
      if (holder !== undefined && holder.owner !== owner) {
        return { held: false, owner: holder.owner, freeInMs: holder.untilMs - nowMs };
      }
      const token = holder?.token ?? index; // a log index is never used twice
      holders.set(name, { owner, token, untilMs: nowMs + command.ttlMs });
      return { held: true, token };
    },
    query: (name) => holderOf(name)?.owner,
    snapshot: () => writeJsonSnapshot({ nowMs, holders: [...holders] }),
    async restore(source) {
      const state = (await readJsonSnapshot(source)) as {
        readonly nowMs: number;
        readonly holders: readonly (readonly [string, Holder])[];
      };
      nowMs = state.nowMs;
      holders = new Map(state.holders);
    },
  };
}
