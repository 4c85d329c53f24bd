// A watch over nodes that come and go, and the check of what it was told: from servers that lose,
// double or reorder a single event, too.
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { FinalState } from "../src/chaos/checks/final-state.js";
import { findWatchErrors } from "../src/chaos/checks/watched.js";
import { createRandom } from "../src/chaos/random.js";
import type { KeyValueOperation } from "../src/chaos/workload/history.js";
import { createCaller } from "../src/chaos/workload/http-call.js";
import { countWatched } from "../src/chaos/workload/watch-record.js";
import type { WatchRecord } from "../src/chaos/workload/watch-record.js";
import { startWatcher } from "../src/chaos/workload/watcher.js";

interface Change {
  readonly index: number;
  readonly key: string;
  /** Null: deleted. */
  readonly value: string | null;
}

const put = (index: number, key: string, value: string): Change => ({ index, key, value });
/** Indexes have gaps: the log has other entries, too. */
const LOG: readonly Change[] = [
  put(2, "a", "v1"),
  put(3, "b", "v2"),
  put(5, "a", "v3"),
  { index: 6, key: "b", value: null },
  put(8, "c", "v4"),
  put(9, "b", "v5"),
  put(12, "a", "v6"),
];
const LAST = 12;

interface Node {
  /** What it tells of the log. Default: all, in order. */
  readonly tell?: (changes: readonly Change[]) => readonly Change[];
  /** Streams end after so many changes. */
  readonly cutAfter?: number;
  /** A stream ends with this event in place of being cut. */
  readonly endsWith?: string;
  /** Nothing at or before it is kept. */
  readonly oldest?: number;
  /** What a list leaves out. */
  readonly unlisted?: string;
}

/** @returns its address */
async function serve(node: Node): Promise<string> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://node");
    const prefix = url.searchParams.get("prefix") ?? "";
    if (url.pathname === "/v1/watch") watch(node, positionOf(request, url), prefix, response);
    else list(node, prefix, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function positionOf({ headers }: IncomingMessage, url: URL): number {
  return Number(headers["last-event-id"] ?? url.searchParams.get("after"));
}

function watch(
  { tell = (changes) => changes, cutAfter = Infinity, endsWith, oldest = 0 }: Node,
  position: number,
  prefix: string,
  response: ServerResponse,
): void {
  if (position < oldest) {
    response.writeHead(410).end('{"error":{"code":"compacted","message":"list"}}');
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`id: ${position}\nevent: progress\ndata: {"index":${position}}\n\n`);
  const due = tell(LOG.filter(({ index }) => index > position)).filter(({ key }) =>
    key.startsWith(prefix),
  );
  for (const { index, key, value } of due.slice(0, cutAfter)) {
    const data =
      value === null
        ? { key, index }
        : { key, value: Buffer.from(value).toString("base64"), index };
    const name = value === null ? "delete" : "put";
    response.write(`id: ${index}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }
  if (due.length > cutAfter) {
    response.end(endsWith === undefined ? undefined : `event: ${endsWith}\ndata: {}\n\n`);
  } else response.write(`id: ${LAST}\nevent: progress\ndata: {"index":${LAST}}\n\n`);
}

function contents(): Map<string, Change> {
  const state = new Map<string, Change>();
  for (const change of LOG) {
    if (change.value === null) state.delete(change.key);
    else state.set(change.key, change);
  }
  return state;
}

function list({ unlisted }: Node, prefix: string, response: ServerResponse): void {
  const items = [...contents().values()]
    .filter(({ key }) => key.startsWith(prefix) && key !== unlisted)
    .map(({ key, value, index }) => ({
      key,
      value: Buffer.from(value ?? "").toString("base64"),
      index,
    }));
  response.end(JSON.stringify({ index: LAST, items, next: null }));
}

/** Watches until the end of the log has been reached; of two nodes it begins at the second. */
async function watched(nodes: readonly Node[], prefix = ""): Promise<WatchRecord> {
  const caller = createCaller(20_000);
  const watcher = startWatcher({
    name: "w",
    prefix,
    addresses: await Promise.all(nodes.map(serve)),
    random: createRandom(1),
    caller,
    now: () => performance.now(),
    silenceMs: 20_000,
  });
  onTestFinished(async () => {
    await watcher.stop();
    caller.close();
  });
  await vi.waitFor(() => expect(watcher.record.position).toBe(LAST), { timeout: 20_000 });
  await watcher.stop();
  return watcher.record;
}

/** All acknowledged, one after the other. */
const OPERATIONS = LOG.map(({ index, key, value }): KeyValueOperation => ({
  client: "c1",
  invoked: index,
  completed: index + 0.5,
  input: value === null ? { op: "delete", key } : { op: "put", key, value },
  output: { ok: true, version: index, existed: true },
}));
const STATE: FinalState = {
  nodes: [
    {
      id: "n1",
      fromMs: 100,
      toMs: 101,
      entries: [...contents().values()].map(({ key, value, index }) => ({
        key,
        value: value ?? "",
        index,
      })),
    },
  ],
};

const errors = (record: WatchRecord, operations = OPERATIONS): string[] =>
  findWatchErrors(operations, [record], STATE);
const indexes = ({ items }: WatchRecord): number[] => items.map(({ index }) => index);

describe("a watch", () => {
  test("shows the whole log, or what is below its prefix", async () => {
    const all = await watched([{}]);
    expect([indexes(all), errors(all)]).toEqual([LOG.map(({ index }) => index), []]);
    const some = await watched([{}], "b");
    expect([indexes(some), errors(some)]).toEqual([[3, 6, 9], []]);
  });

  test("goes on behind the last id where a stream ends, at other nodes", async () => {
    const record = await watched([{ cutAfter: 1, endsWith: "closing" }, { cutAfter: 2 }]);
    expect([indexes(record), errors(record)]).toEqual([LOG.map(({ index }) => index), []]);
    expect(countWatched([record])).toEqual({ changes: 7, resumptions: 4, lists: 0 });
  });

  test.each([
    ["refused as compacted", [{ oldest: 4 }, { cutAfter: 2 }]],
    ["ended as compacted", [{ cutAfter: 2, endsWith: "compacted" }]],
    ["ended as slow", [{ cutAfter: 2, endsWith: "slow" }]],
  ])("%s lists, and goes on behind the list", async (_, nodes) => {
    const record = await watched(nodes);
    expect([indexes(record), errors(record), countWatched([record]).lists]).toEqual([
      [2, 3, LAST],
      [],
      1,
    ]);
  });
});

describe("the check finds", () => {
  const without = (lost: number) => (changes: readonly Change[]) =>
    changes.filter(({ index }) => index !== lost);
  const doubled = (twice: number) => (changes: readonly Change[]) =>
    changes.flatMap((change) => (change.index === twice ? [change, change] : [change]));
  const swapped = (first: number) => (changes: readonly Change[]) => {
    const at = changes.findIndex(({ index }) => index === first);
    return changes.map(
      (change, i) => changes[i === at ? i + 1 : i === at + 1 ? i - 1 : i] ?? change,
    );
  };

  test.each<readonly [string, Node, string]>([
    ["a put that is missing", { tell: without(8) }, '"v4" in "c" at index 8 was never seen'],
    [
      "a deletion that is missing",
      { tell: without(6) },
      'the deletion of "b" at index 6 was never seen',
    ],
    ["one that comes twice", { tell: doubled(5) }, '"v3" in "a" at index 5 came after index 5'],
    ["two in the wrong order", { tell: swapped(5) }, '"v3" in "a" at index 5 came after index 6'],
    [
      "one that was written elsewhere",
      { tell: (changes) => changes.map((one) => (one.index === 8 ? { ...one, index: 10 } : one)) },
      '"v4" in "c" at index 10 was written at index 8 already',
    ],
    [
      "one that nobody wrote",
      { tell: (changes) => [...changes.slice(0, 4), put(7, "c", "v9"), ...changes.slice(4)] },
      '"v9" in "c" at index 7, which no client requested',
    ],
    [
      "a list in which a key is missing",
      { cutAfter: 2, endsWith: "compacted", unlisted: "c" },
      'the list at 12 has nothing for "v4" in "c" at index 8',
    ],
  ])("%s", async (_, node, error) => {
    expect(errors(await watched([node]))).toContain(`w: ${error}`);
  });

  test("a watch that stops early, and one that is told to be further than it is", async () => {
    const { items, ...record } = await watched([{}]);
    const early = { ...record, position: 8, items: items.filter(({ index }) => index <= 8) };
    expect(errors(early)).toEqual(["w: it reached 8, the log 12"]);
    expect(errors({ ...early, position: LAST })).toContain(
      'w: "v6" in "a" at index 12 was never seen',
    );
  });
});

describe("writes whose outcome nobody knows", () => {
  const unknown = OPERATIONS.map((operation): KeyValueOperation => {
    const { client, invoked, input } = operation;
    return { client, invoked, completed: Infinity, input };
  });

  test("may be seen; once one watch has seen it, it is missing in another", async () => {
    const record = await watched([{}]);
    expect(errors(record, unknown)).toEqual([]);
    const other = {
      ...record,
      name: "w2",
      items: record.items.filter(({ index }) => index !== 6),
    };
    expect(findWatchErrors(unknown, [record, other], STATE)).toContain(
      'w2: the deletion of "b" at index 6 was never seen',
    );
  });

  test("are seen at one index, whatever watch it was", async () => {
    const record = await watched([{}]);
    const items = record.items.map((item) => (item.index === 8 ? { ...item, index: 10 } : item));
    expect(findWatchErrors(unknown, [record, { ...record, name: "w2", items }], STATE)).toContain(
      'w2: "v4" in "c" at index 10 was written at index 8 already',
    );
  });
});
