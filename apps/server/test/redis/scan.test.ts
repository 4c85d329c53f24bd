// SCAN and KEYS over many keys.
import { expect, test } from "vitest";
import type { Client, Reply } from "./client.js";
import { startRedis } from "./fixture.js";

interface Page {
  readonly cursor: string;
  readonly keys: readonly Reply[];
}

async function scan(client: Client | undefined, ...args: string[]): Promise<Page> {
  const reply: Reply | undefined = await client?.ask("SCAN", ...args);
  const [cursor, keys]: readonly Reply[] = Array.isArray(reply) ? reply : [];
  if (typeof cursor !== "string" || !Array.isArray(keys)) throw new Error("this is no page");
  return { cursor, keys };
}

test("a scan returns every key once, page by page, over any connection", async () => {
  const { connect } = await startRedis();
  const clients = [connect(), connect()];
  const expected = Array.from({ length: 257 }, (_, i) => `key-${i}`);
  await clients[0]?.ask("MSET", ...expected.flatMap((key) => [key, "1"]));
  const found: Reply[] = [];
  let cursor = "0";
  for (let page = 0; page === 0 || cursor !== "0"; page++) {
    const next = await scan(clients[page % 2], cursor, "COUNT", "10", "MATCH", "k*");
    found.push(...next.keys);
    cursor = next.cursor;
    expect(page).toBeLessThan(30);
  }
  expect(found).toHaveLength(expected.length);
  expect(new Set(found)).toEqual(new Set(expected));
});

test("cursors are forgotten one by one, and that is said", async () => {
  const client = (await startRedis({ maxCursors: 2 })).connect();
  await client.ask("MSET", "a", "1", "b", "1", "c", "1");
  const cursors: string[] = [];
  for (let i = 0; i < 3; i++) cursors.push((await scan(client, "0", "COUNT", "1")).cursor);
  expect(await client.ask("SCAN", cursors[0] ?? "")).toEqual({
    error: expect.stringMatching(/^ERR invalid cursor/),
  });
  expect(await client.ask("SCAN", cursors[1] ?? "")).toEqual(["0", ["b", "c"]]);
});

test("KEYS of too many keys says what to use", async () => {
  const client = (await startRedis({ maxKeys: 2 })).connect();
  await client.ask("MSET", "a", "1", "b", "1", "c", "1");
  expect(await client.ask("KEYS", "*")).toEqual({
    error: "ERR more than 2 keys match: use SCAN",
  });
});

test("KEYS of keys that are too large together says so, too", async () => {
  const client = (await startRedis({ maxReplyBytes: 100 })).connect();
  const keys = ["a", "b", "c"].map((letter) => letter.repeat(40));
  await client.ask("MSET", ...keys.flatMap((key) => [key, "1"]));
  expect(await client.ask("KEYS", "*")).toEqual({
    error: "ERR keys of more than 100 bytes match: use SCAN",
  });
  expect(await client.ask("KEYS", "[ab]*")).toEqual(keys.slice(0, 2));
});

test.each([
  ["KEYS", (pattern: string) => ["KEYS", pattern]],
  ["SCAN", (pattern: string) => ["SCAN", "0", "MATCH", pattern]],
  ["CONFIG GET", (pattern: string) => ["CONFIG", "GET", "port", pattern.slice(4)]],
])("%s takes patterns of 1,024 bytes, and refuses longer ones", async (_, commandOf) => {
  const client = (await startRedis()).connect();
  expect(await client.ask(...commandOf("*".repeat(1024)))).not.toHaveProperty("error");
  expect(await client.ask(...commandOf("*".repeat(1025)))).toEqual({
    error: "ERR a command's patterns have at most 1024 bytes",
  });
});

test("other clients are answered while a costly pattern is compared", async () => {
  const { connect, kv } = await startRedis();
  const [client, other] = [connect(), connect()];
  const keys = Array.from({ length: 100 }, (_, i) => "a".repeat(500) + i);
  await client.ask("MSET", ...keys.flatMap((key) => [key, "1"]));
  await other.ask("PING");
  const answers: string[] = [];
  const ask = async (from: Client, ...command: string[]): Promise<void> => {
    await from.ask(...command);
    answers.push(command[0] ?? "");
  };
  let pinged = Promise.resolve();
  // As the page is asked for: what is left of the command is the comparison.
  kv.before = () => {
    pinged = ask(other, "PING");
  };
  await ask(client, "KEYS", `*${"a".repeat(250)}b`);
  await pinged;
  expect(answers).toEqual(["PING", "KEYS"]);
});
