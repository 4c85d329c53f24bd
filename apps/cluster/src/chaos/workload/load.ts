// Clients that read and write over HTTP, each one operation at a time, through any node, at a
// bounded rate. A client whose operation has an unknown outcome goes on under a new name, for the
// old one is still busy as far as anybody knows.
import { setTimeout as sleep } from "node:timers/promises";
import type { KeyValueInput } from "@raftkit/linearizability";
import type { History } from "./history.js";
import type { Caller } from "./http-call.js";
import { createKeys } from "./keys.js";
import type { Key } from "./keys.js";
import { callOf, outcomeOf } from "./operations.js";
import type { Random } from "../random.js";
import type { Tally } from "./tally.js";
import { valueName } from "./values.js";

export interface Load {
  /** Nodes, by number from 0, that have acknowledged no write that began after this moment. */
  unservedSince(sinceMs: number): number[];
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
  readonly keys: readonly string[];
  /** Answers that no server should give. */
  readonly wrong: readonly string[];
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

export function startLoad({
  addresses,
  clients,
  keys: keyCount,
  rate,
  random,
  caller,
  history,
  tally,
  now,
}: LoadOptions): Load {
  const keys = createKeys(keyCount);
  const served = addresses.map(() => -Infinity);
  const wrong: string[] = [];
  const periodMs = (clients / rate) * 1000;
  let values = 0;
  let stopped = false;

  async function work(number: number): Promise<void> {
    let life = 1;
    for (
      let due = now() + random.next() * periodMs;
      !stopped;
      due = Math.max(due + periodMs, now())
    ) {
      await sleep(Math.max(0, due - now()));
      if (stopped) break;
      const known = await operate(`c${number}${life === 1 ? "" : `.${life}`}`);
      if (!known) life++;
    }
  }

  /** @returns whether its outcome is known */
  async function operate(client: string): Promise<boolean> {
    const key = keys.pick(random.next());
    const input = draw(key);
    const node = random.integer(addresses.length);
    const invoked = now();
    const outcome = outcomeOf(input, await caller.call(addresses[node] ?? "", callOf(input)));
    const completed = now();
    const isWrite = input.op !== "get";
    tally.add(completed, outcome.kind, isWrite, completed - invoked);
    if (outcome.kind === "done") {
      if (outcome.version !== undefined && outcome.version > (key.version ?? 0)) {
        key.version = outcome.version;
      }
      if (isWrite) served[node] = Math.max(served[node] ?? 0, invoked);
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
  }

  function draw(key: Key): KeyValueInput {
    const { name, version } = key;
    const kind = random.next();
    if (kind < 0.4) return { op: "get", key: name };
    if (kind < 0.7) return { op: "put", key: name, value: valueName(++values) };
    if (kind < 0.9 && version !== undefined) {
      return { op: "put", key: name, value: valueName(++values), expected: { version } };
    }
    if (kind < 0.92) {
      return { op: "put", key: name, value: valueName(++values), expected: "absent" };
    }
    if (kind < 0.96 && version !== undefined) {
      return { op: "delete", key: name, expected: { version } };
    }
    return { op: "delete", key: name };
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
  };
}
