// The HTTP API over a state machine in memory that a test can make fail, on a port of its own.
import { createJsonCodec } from "@raftkit/codec-json";
import { batchCommand, createKv } from "@raftkit/kv";
import type { Kv, KvChange, KvCommand, KvResult } from "@raftkit/kv";
import { closeSession, openSession, plainCommand, withSessions } from "@raftkit/sessions";
import type { SessionsCommand } from "@raftkit/sessions";
import { createChangeFeed } from "raftkit";
import type { CallOptions, ChangeFeed, ChangeFeedOptions, Logger, ReadOptions } from "raftkit";
import type { KvCalls } from "../src/kv-calls.js";
import { NUMBERS_KEPT, onceUnder } from "../src/kv-calls.js";
import { createHttpListener } from "../src/http/server.js";
import { defaultLimits } from "../src/http/limits.js";
import type { HttpLimits } from "../src/http/limits.js";
import type { HttpListener, Observer } from "../src/http/server.js";
import { createTurns } from "../src/http/event-loop-turns.js";
import type { NextTurn } from "../src/http/event-loop-turns.js";
import { kvRoutes } from "../src/http/routes/kv.js";
import { watchRoute } from "../src/http/routes/watch.js";
import { sessionRoutes } from "../src/http/routes/sessions.js";

export interface FakeKv extends KvCalls {
  readonly machine: Kv;
  readonly feed: ChangeFeed<KvChange>;
  /** Awaited before each operation; throw to fail it. */
  before: (call: ReadOptions) => void | Promise<void>;
}

/** The real state machine, with nothing replicated. */
export function fakeKv(options: ChangeFeedOptions<KvChange>): FakeKv {
  const feed = createChangeFeed(options);
  const machine = createKv({ changes: feed });
  const inSessions = withSessions(machine, {
    codec: createJsonCodec(),
    maxUnanswered: NUMBERS_KEPT,
    maxSessions: 3,
  });
  let index = 0;
  const apply = async <Result>(
    command: SessionsCommand<KvCommand, KvResult>,
    call: CallOptions,
  ): Promise<Result> => {
    await kv.before(call);
    const context = { index: ++index, term: 1, elapsedMs: 0 };
    const result = (await inSessions.apply(command, context)) as Result;
    call.onIndex?.(context.index);
    return result;
  };
  const kv: FakeKv = {
    machine,
    feed,
    before: () => undefined,
    propose: (command, call = {}) => apply(plainCommand(command), call),
    // A node encodes it before the call returns; the caller gathers the next batch in this memory.
    proposeBatch: (operations, call = {}) =>
      apply(plainCommand(batchCommand(Uint8Array.from(operations))), call),
    proposeOnce: (key, command, call = {}) => apply(onceUnder(key, command), call),
    openSession: (call = {}) => apply(openSession(), call),
    closeSession: (session, call = {}) => apply(closeSession(session), call),
    async read(query, call = {}) {
      await kv.before(call);
      call.onIndex?.(index);
      return machine.query(query);
    },
  };
  return kv;
}

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export function recordingLogger(lines: LogLine[] = []): Logger & { readonly lines: LogLine[] } {
  const at =
    (level: string) =>
    (fields: object, message: string): void =>
      void lines.push({ level, fields, message });
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export interface Api extends AsyncDisposable {
  readonly at: string;
  readonly kv: FakeKv;
  readonly lines: readonly LogLine[];
  readonly observed: readonly Parameters<Observer["done"]>[0][];
  /** Why connections were closed by a bound, in order. */
  readonly cuts: readonly Parameters<Observer["cut"]>[0][];
  readonly listener: HttpListener;
}

export async function startApi({
  maxValueBytes = 1_048_576,
  turn = createTurns(),
  feed = {},
  progressMs,
  ...limits
}: {
  readonly feed?: ChangeFeedOptions<KvChange>;
  readonly progressMs?: number;
  readonly maxValueBytes?: number;
  readonly turn?: NextTurn;
} & Partial<HttpLimits> = {}): Promise<Api> {
  const kv = fakeKv(feed);
  const { lines, ...logger } = recordingLogger();
  const observed: Parameters<Observer["done"]>[0][] = [];
  const cuts: Parameters<Observer["cut"]>[0][] = [];
  const listener = createHttpListener({
    routes: [
      kvRoutes(kv, { maxValueBytes, turn }),
      sessionRoutes(kv),
      watchRoute({ calls: kv, changes: kv.feed, ...(progressMs !== undefined && { progressMs }) }),
    ],
    logger,
    observer: { done: (done) => observed.push(done), cut: (reason) => cuts.push(reason) },
    limits: { ...defaultLimits, ...limits },
  });
  const port = await listener.listen({ host: "127.0.0.1", port: 0 });
  return {
    at: `127.0.0.1:${port}`,
    kv,
    lines,
    observed,
    cuts,
    listener,
    [Symbol.asyncDispose]: () => listener.drain(0),
  };
}

export function keysOf(api: Api): string[] {
  const answer = api.kv.machine.query({ type: "list", limit: 1000 });
  return answer.type === "list" ? answer.entries.map(({ key }) => key) : [];
}
