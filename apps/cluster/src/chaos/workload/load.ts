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
import { plainSender, sessionSender } from "./sender.js";
import type { Send, SenderOptions, SessionCounts } from "./sender.js";
import type { Tally } from "./tally.js";

export interface Load {
  /** Nodes, by number from 0, that have acknowledged no write that began after this moment. */
  unservedSince(sinceMs: number): number[];
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
  readonly keys: readonly string[];
  /** Answers that no server should give. */
  readonly wrong: readonly string[];
  readonly sessions: Readonly<SessionCounts>;
}

export interface LoadOptions {
  readonly addresses: readonly string[];
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
  const operate = createOperate(options, keys, wrong);
  const periodMs = (clients / rate) * 1000;
  let stopped = false;

  async function work(number: number): Promise<void> {
    const send = number % 2 === 0 ? sessionSender(senders, sessions) : plainSender(senders);
    let life = 1;
    for (
      let due = now() + random.next() * periodMs;
      !stopped;
      due = Math.max(due + periodMs, now())
    ) {
      await sleep(Math.max(0, due - now()));
      if (stopped) break;
      const known = await operate(`c${number}${life === 1 ? "" : `.${life}`}`, send);
      if (!known) life++;
    }
  }

  const working = Array.from({ length: clients }, (_, i) => work(i + 1));
  return {
    unservedSince: (sinceMs) =>
      [...served.entries()].flatMap(([node, at]) => (at >= sinceMs ? [] : [node])),
    async stop() {
      stopped = true;
      await Promise.all(working);
    },
    keys: keys.names,
    wrong,
    sessions,
  };
}

/** @returns carries out one operation, and whether its outcome is known */
function createOperate(
  { random, history, tally, now }: LoadOptions,
  keys: Keys,
  wrong: string[],
): (client: string, send: Send) => Promise<boolean> {
  const draw = createDraw(random);
  return async (client, send) => {
    const key = keys.pick(random.next());
    const input = draw(key);
    const invoked = now();
    const { outcome, completed } = await send(input);
    const isWrite = input.op !== "get";
    tally.add(completed, outcome.kind, isWrite, completed - invoked);
    if (outcome.kind === "done") {
      if (outcome.version !== undefined && outcome.version > (key.version ?? 0)) {
        key.version = outcome.version;
      }
      history.add({ client, invoked, completed, input, output: outcome.output });
      return true;
    }
    if (outcome.kind === "refused") return true;
    if (outcome.kind === "wrong" && wrong.length < MAX_WRONG) wrong.push(outcome.why);
    // A read that nobody answered says nothing.
    if (!isWrite) return true;
    key.unknown++;
    history.add({ client, invoked, completed: Infinity, input });
    return false;
  };
}
