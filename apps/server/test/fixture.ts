// The HTTP API over a store in memory that a test can make fail, on a port of its own.
import type { AddressInfo } from "node:net";
import type { CallOptions, Logger } from "raftkit";
import { createBodyBudget } from "../src/http/budget.js";
import { createHttpListener } from "../src/http/server.js";
import type { HttpListener, Observe } from "../src/http/server.js";
import { kvRoutes } from "../src/routes/kv.js";
import type { Item, Store, WriteOutcome } from "../src/store.js";
import type { WriteCondition } from "../src/http/conditions.js";

export interface FakeStore extends Store {
  readonly items: Map<string, Item>;
  /** Awaited before each operation; throw to fail it. */
  before: (call: CallOptions) => void | Promise<void>;
}

export function fakeStore(): FakeStore {
  const items = new Map<string, Item>();
  let last = 0;
  const holds = (condition: WriteCondition | undefined, now: Item | undefined): boolean =>
    condition === undefined || (condition.is === "none" ? now === undefined : condition.is === "any" ? now !== undefined : now?.index === condition.index);
  const store: FakeStore = {
    items,
    before: () => undefined,
    async get(key, call) {
      await store.before(call);
      return items.get(key);
    },
    async put(key, value, condition, call): Promise<WriteOutcome> {
      await store.before(call);
      const now = items.get(key);
      if (!holds(condition, now)) return { is: "conflict", index: now?.index };
      items.set(key, { key, value: Uint8Array.from(value), index: ++last });
      return { is: "written", index: last, created: now === undefined };
    },
    async delete(key, condition, call): Promise<WriteOutcome> {
      await store.before(call);
      const now = items.get(key);
      if (!holds(condition, now)) return { is: "conflict", index: now?.index };
      if (now === undefined) return { is: "missing" };
      items.delete(key);
      return { is: "deleted", index: ++last };
    },
    async list({ prefix, after, limit }, call) {
      await store.before(call);
      const all = [...items.values()].filter(({ key }) => key.startsWith(prefix) && (after === undefined || key > after)).toSorted((a, b) => (a.key < b.key ? -1 : 1));
      return { items: all.slice(0, limit), next: all.length > limit ? all[limit - 1]?.key : undefined };
    },
  };
  return store;
}

export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

export function recordingLogger(lines: LogLine[] = []): Logger & { readonly lines: LogLine[] } {
  const at = (level: string) => (fields: object, message: string): void => void lines.push({ level, fields, message });
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export interface Api extends AsyncDisposable {
  readonly at: string;
  readonly store: FakeStore;
  readonly lines: readonly LogLine[];
  readonly observed: readonly Parameters<Observe>[0][];
  readonly listener: HttpListener;
}

export async function startApi({ maxValueBytes = 1_048_576, maxBodiesBytes = 16 * 1_048_576 } = {}): Promise<Api> {
  const store = fakeStore();
  const { lines, ...logger } = recordingLogger();
  const observed: Parameters<Observe>[0][] = [];
  const listener = createHttpListener(kvRoutes(store, { maxValueBytes, budget: createBodyBudget(maxBodiesBytes) }), logger, (done) => observed.push(done));
  await new Promise<void>((resolve) => void listener.server.listen(0, "127.0.0.1", resolve));
  const { port } = listener.server.address() as AddressInfo;
  return { at: `127.0.0.1:${port}`, store, lines, observed, listener, [Symbol.asyncDispose]: () => listener.drain(0) };
}
