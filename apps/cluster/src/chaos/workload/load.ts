// Clients that read and write over HTTP, each one operation at a time, through any node, at a
// bounded rate; every second one writes in a session. A client whose operation has an unknown
// outcome goes on under a new name, for the old one is still busy as far as anybody knows.
import { setTimeout as sleep } from "node:timers/promises";
import type { History } from "./history.js";
import type { Caller } from "./http-call.js";
import { createDraw } from "./draw.js";
import { createKeys } from "./keys.js";
import type { Keys } from "./keys.js";
import type { Random } from "../random.js";
import { readOlder } from "./older-reads.js";
import type { OlderRead } from "./older-reads.js";
import type { Consistency, Outcome } from "./operations.js";
import { plainSender, sessionSender } from "./sender.js";
import type { Send, SenderOptions, SessionCounts } from "./sender.js";
import type { Tally } from "./tally.js";

export interface Load {
  /** Of these nodes those that have acknowledged no write that began after this moment. */
  unservedSince(sinceMs: number, nodes: readonly number[]): number[];
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
  readonly keys: readonly string[];
  /** Answers that no server should give. */
  readonly wrong: readonly string[];
  readonly sessions: Readonly<SessionCounts>;
  /** Reads that may show an older state, as they were answered. */
  readonly olderReads: readonly OlderRead[];
  readonly reads: Readonly<ReadCounts>;
}

/** Reads that were answered. */
export type ReadCounts = Record<Consistency | "local" | "atLeast", number>;

export interface LoadOptions {
  /** By number from 0. */
  readonly addresses: readonly string[];
  /** The numbers of those who are there now. Default: all. */
  readonly present?: () => readonly number[];
  /** A node's process now. Default: it isn't known. */
  readonly pidOf?: (node: number) => number | null;
  readonly clients: number;
  readonly keys: number;
  /** Operations per second, of all clients together. */
  readonly rate: number;
  readonly random: Random;
  readonly caller: Caller;
  readonly history: History;
  readonly tally: Tally;
  readonly now: () => number;
}

const MAX_WRONG = 20;
/**
 * Of all reads: with a lease, of what a node has, and of that at least. The others ask a majority.
 */
const LEASE = 0.35;
const LOCAL = 0.15;
const AT_LEAST = 0.15;

export function startLoad(options: LoadOptions): Load {
  const { addresses, clients, rate, random, now } = options;
  const served = addresses.map(() => -Infinity);
  const wrong: string[] = [];
  const sessions: SessionCounts = {
    opened: 0,
    writes: 0,
    repeats: 0,
    answeredRepeats: 0,
    disagreements: [],
  };
  const senders: SenderOptions = {
    ...options,
    onAcknowledged: (node, atMs) => (served[node] = Math.max(served[node] ?? 0, atMs)),
  };
  const keys = createKeys(options.keys);
  const olderReads: OlderRead[] = [];
  const reads: ReadCounts = { linearizable: 0, lease: 0, local: 0, atLeast: 0 };
  const operate = createOperate(options, { keys, wrong, olderReads, reads });
  const periodMs = (clients / rate) * 1000;
  let stopped = false;

  async function work(number: number): Promise<void> {
    const send = number % 2 === 0 ? sessionSender(senders, sessions) : plainSender(senders);
    const client: Client = { number, life: 1, seen: 0 };
    for (
      let due = now() + random.next() * periodMs;
      !stopped;
      due = Math.max(due + periodMs, now())
    ) {
      await sleep(Math.max(0, due - now()));
      if (stopped) break;
      const known = await operate(client, send);
      if (!known) client.life++;
    }
  }

  const working = Array.from({ length: clients }, (_, i) => work(i + 1));
  return {
    unservedSince: (sinceMs, nodes) =>
      nodes.filter((node) => (served[node] ?? -Infinity) < sinceMs),
    async stop() {
      stopped = true;
      await Promise.all(working);
    },
    keys: keys.names,
    wrong,
    sessions,
    olderReads,
    reads,
  };
}

interface Client {
  readonly number: number;
  /** After an unknown outcome it goes on under another name. */
  life: number;
  /** The highest index that it was shown. */
  seen: number;
}

interface Kept {
  readonly keys: Keys;
  readonly wrong: string[];
  readonly olderReads: OlderRead[];
  readonly reads: ReadCounts;
}

/** @returns carries out one operation, and whether its outcome is known */
function createOperate(
  options: LoadOptions,
  { keys, wrong, olderReads, reads }: Kept,
): (client: Client, send: Send) => Promise<boolean> {
  const { random, history, tally, now } = options;
  const draw = createDraw(random);

  function note(outcome: Outcome, completed: number, invoked: number, isWrite: boolean): void {
    tally.add(completed, outcome.kind, isWrite, completed - invoked);
    if (outcome.kind === "wrong" && wrong.length < MAX_WRONG) wrong.push(outcome.why);
  }

  async function showOlder(client: Client, key: string, atLeast: number | null): Promise<void> {
    const invoked = now();
    const { outcome, read } = await readOlder(options, key, atLeast);
    note(outcome, now(), invoked, false);
    if (!read) return;
    client.seen = Math.max(client.seen, read.index);
    olderReads.push(read);
    reads[atLeast === null ? "local" : "atLeast"]++;
  }

  return async (client, send) => {
    const key = keys.pick(random.next());
    const input = draw(key);
    const isWrite = input.op !== "get";
    const kind = isWrite ? 1 : random.next();
    if (kind < LOCAL + AT_LEAST) {
      await showOlder(client, key.name, kind < LOCAL ? null : client.seen);
      return true;
    }
    const consistency = kind < LOCAL + AT_LEAST + LEASE ? "lease" : "linearizable";
    const invoked = now();
    const { outcome, completed } = await send(input, consistency);
    note(outcome, completed, invoked, isWrite);
    const name = `c${client.number}${client.life === 1 ? "" : `.${client.life}`}`;
    if (outcome.kind === "done") {
      const { version = 0 } = outcome;
      if (version > (key.version ?? 0)) key.version = version;
      client.seen = Math.max(client.seen, version);
      if (!isWrite) reads[consistency]++;
      history.add({ client: name, invoked, completed, input, output: outcome.output });
      return true;
    }
    // A read that nobody answered says nothing.
    if (outcome.kind === "refused" || !isWrite) return true;
    key.unknown++;
    history.add({ client: name, invoked, completed: Infinity, input });
    return false;
  };
}
