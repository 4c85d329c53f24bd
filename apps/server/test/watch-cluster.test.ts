// Watches on real servers: a client that hangs on a node that ends goes on at another one, and at
// the same one when it is there again.
import { expect, test } from "vitest";
import { keyPath, parsed } from "./client.js";
import { allReady, ask, at, startCluster } from "./cluster-fixture.js";
import { follow, shown } from "./event-stream.js";

test("a client that goes from node to node has every change once, in one order", async () => {
  await using cluster = await startCluster("tcp", "file", "msgpack");
  await allReady(cluster);
  const written: string[] = [];
  const write = async (node: number, key: string): Promise<void> => {
    const put = await ask(at(cluster, node), "PUT", keyPath(key), { body: key });
    const { index } = parsed(put) as { index: number };
    written.push(`put ${key}=${key} @${index}`);
  };
  const list = parsed(await ask(at(cluster, 0), "GET", "/v1/kv")) as { index: number };
  const seen: string[] = [];
  let position = String(list.index);
  const watchAt = async (node: number): Promise<void> => {
    const stream = await follow(at(cluster, node), "/v1/watch", { "last-event-id": position });
    expect(stream.status).toBe(200);
    await write(node + 1, `while-${written.length}`);
    await stream.until(({ events }) => seen.length + events.length >= written.length);
    seen.push(...stream.events.map(shown));
    position = stream.lastId ?? "";
    stream.cut();
    await write(node + 2, `after-${written.length}`);
  };
  for (const node of [0, 1, 2]) await watchAt(node);
  const hanging = await follow(at(cluster, 0), "/v1/watch", { "last-event-id": position });
  await hanging.until(({ events }) => seen.length + events.length >= written.length);
  await cluster.servers[0]?.close();
  await hanging.until(({ ended }) => ended);
  expect(hanging.events.at(-1)?.event).toBe("closing");
  seen.push(...hanging.events.slice(0, -1).map(shown));
  position = hanging.lastId ?? "";
  await write(1, "without-0");
  await cluster.start(0);
  await allReady(cluster);
  await watchAt(0);
  await watchAt(0);
  const last = await follow(at(cluster, 1), "/v1/watch", { "last-event-id": position });
  await last.until(({ events }) => seen.length + events.length >= written.length);
  seen.push(...last.events.map(shown));
  expect(seen).toEqual(written);
  // From the beginning, the log being whole, at the node that was restarted.
  const all = await follow(at(cluster, 0), `/v1/watch?after=0`);
  await all.until(({ events }) => events.length === written.length);
  expect(all.events.map(shown)).toEqual(written);
});

test("a list of one node and a watch on another fit, while writes go on", async () => {
  await using cluster = await startCluster("http", "memory", "json");
  await allReady(cluster);
  const writes = Array.from({ length: 60 }, (_, i) => i);
  const writing = (async () => {
    for (const i of writes) {
      await ask(at(cluster, i), "PUT", keyPath(`k${i % 7}`), { body: String(i) });
    }
  })();
  type Item = { readonly key: string; readonly value: string; readonly index: number };
  const list = parsed(await ask(at(cluster, 2), "GET", "/v1/kv")) as {
    readonly index: number;
    readonly items: readonly Item[];
  };
  const stream = await follow(at(cluster, 1), `/v1/watch?after=${list.index}`);
  await writing;
  const end = parsed(await ask(at(cluster, 0), "GET", "/v1/kv")) as typeof list;
  await stream.until(
    ({ events }) =>
      Number(events.at(-1)?.id ?? list.index) >= Math.max(...end.items.map(({ index }) => index)),
  );
  const state = new Map(list.items.map((item) => [item.key, item]));
  for (const { data } of stream.events as readonly { readonly data: Item }[]) {
    expect(data.index).toBeGreaterThan(list.index);
    state.set(data.key, data);
  }
  expect([...state.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1))).toEqual(end.items);
});
