// What a client, or all together, may make the server hold: replies, and commands that wait.
import { expect, test } from "vitest";
import { SlowReaders } from "../../src/redis/slow-readers.js";
import { standStill } from "../stand-still.js";
import { encode, replies, sendAll } from "./client.js";
import { gate, startRedis } from "./fixture.js";

test("who isn't answered isn't read", async () => {
  const { connect, kv } = await startRedis({ maxWaitingBytes: 10_000 });
  const answering = gate();
  kv.before = () => answering.opened;
  const client = connect();
  client.send("SET", "first", "1");
  const chunk = Buffer.concat(
    Array.from({ length: 100 }, () => encode("SET", "a", "x".repeat(1000))),
  );
  let count = 1;
  // Until the system's own buffers are full, too.
  while (client.socket.write(chunk)) count += 100;
  count += 100;
  while (client.socket.writableLength < 32 * 1024 * 1024) {
    client.socket.write(chunk);
    count += 100;
  }
  await expect.poll(() => kv.machine.query({ type: "size" })).toMatchObject({ keys: 0 });
  // Turns of the event loop in which all of it could be read.
  const other = connect();
  for (let i = 0; i < 2000; i++) await other.ask("PING");
  expect(client.socket.writableLength).toBeGreaterThan(16 * 1024 * 1024);
  answering.open();
  expect(await replies(client, count)).toEqual(Array<string>(count).fill("OK"));
});

test("of who doesn't read, nothing more is begun, and nothing is lost", async () => {
  const { connect, listener } = await startRedis({ maxUnsentBytes: 10_000 });
  const [client, other] = [connect(), connect()];
  await client.ask("SET", "a", "x".repeat(100_000));
  client.socket.pause();
  // More than the system's own buffers hold.
  const gets = Array.from({ length: 300 }, () => ["GET", "a"]);
  sendAll(client, [...gets, ["INCR", "n"]]);
  await expect.poll(() => listener.usage().calls.get("get")).toBe(300);
  // Turns of the event loop in which all of it could be answered.
  for (let i = 0; i < 500; i++) await other.ask("PING");
  expect(listener.usage().calls.get("incr")).toBe(0);
  client.socket.resume();
  for (let i = 0; i < 300; i++) expect(await client.reply()).toHaveLength(100_000);
  expect(await client.reply()).toBe(1);
});

test("who reads nothing for too long is cut", async () => {
  const { connect, cuts } = await startRedis({ sendStallMs: 50 });
  const client = connect();
  await client.ask("SET", "a", "x".repeat(1_000_000));
  client.socket.pause();
  sendAll(
    client,
    Array.from({ length: 100 }, () => ["GET", "a"]),
  );
  await expect.poll(() => cuts, { timeout: 10_000 }).toEqual(["stalled"]);
});

test("of all that don't read, the one that has read nothing for longest is cut first", async () => {
  const { connect, cuts, listener } = await startRedis({ maxAllUnsentBytes: 30_000_000 });
  const clients = [connect(), connect()];
  await clients[0]?.ask("SET", "a", "x".repeat(1_000_000));
  for (const client of clients) {
    client.socket.pause();
    sendAll(client, [["MGET", ...Array<string>(25).fill("a")]]);
    await expect.poll(() => listener.usage().calls.get("mget")).toBeGreaterThan(0);
  }
  await expect.poll(() => cuts, { timeout: 10_000 }).toEqual(["unsent"]);
  clients[1]?.socket.resume();
  expect(await clients[1]?.reply()).toHaveLength(25);
  expect(listener.usage().connections).toBe(1);
});

test("of all whose commands aren't whole yet, the one that holds most is cut, and told why", async () => {
  const { connect, cuts, kv } = await startRedis({ maxAllInputBytes: 300_000 });
  const [most, less] = [connect(), connect()];
  sendAll(most, [["MULTI"], ["SET", "a", "x".repeat(100_000)], ["SET", "b", "x".repeat(100_000)]]);
  expect(await replies(most, 3)).toEqual(["OK", "QUEUED", "QUEUED"]);
  const command = encode("SET", "c", "x".repeat(200_000));
  less.socket.write(command.subarray(0, 150_000));
  expect(await most.reply()).toEqual({
    error: expect.stringMatching(/^TRYAGAIN .* more than 300000 bytes in all/),
  });
  await most.ended;
  less.socket.write(command.subarray(150_000));
  expect(await less.reply()).toBe("OK");
  expect(cuts).toEqual(["input"]);
  expect(kv.machine.query({ type: "size" })).toMatchObject({ keys: 1 });
  // What it held is free again.
  const again = connect();
  sendAll(again, [["MULTI"], ["SET", "a", "x".repeat(250_000)], ["EXEC"]]);
  expect(await replies(again, 3)).toEqual(["OK", "QUEUED", ["OK"]]);
});

test("one that waits for other replies is cut without a word: an error would be taken for one", async () => {
  const { connect, cuts, kv } = await startRedis({ maxAllInputBytes: 300_000 });
  const answering = gate();
  kv.before = () => answering.opened;
  const client = connect();
  client.send("SET", "a", "x".repeat(200_000));
  client.socket.write(encode("SET", "b", "x".repeat(200_000)).subarray(0, 150_000));
  expect(await client.reply().catch((error: Error) => error.message)).toBe("connection ended");
  expect(cuts).toEqual(["input"]);
  answering.open();
});

test("who waits for replies anyway is read no further when all hold much, and isn't cut", async () => {
  const { connect, cuts, kv } = await startRedis({ maxAllInputBytes: 4_000_000 });
  const answering = gate();
  kv.before = () => answering.opened;
  const clients = Array.from({ length: 10 }, () => connect());
  const count = 1000;
  for (const client of clients) {
    sendAll(
      client,
      Array.from({ length: count }, () => ["SET", "a", "x".repeat(1000)]),
    );
  }
  // Turns of the event loop in which all of it could be read.
  const other = connect();
  for (let i = 0; i < 300; i++) await other.ask("PING");
  expect(kv.machine.query({ type: "size" })).toMatchObject({ keys: 0 });
  answering.open();
  for (const client of clients) {
    expect(await replies(client, count)).toEqual(Array<string>(count).fill("OK"));
  }
  expect(cuts).toEqual([]);
});

test("a reply that would be too large is refused instead", async () => {
  const client = (await startRedis({ maxReplyBytes: 1_500_000 })).connect();
  await client.ask("SET", "a", "x".repeat(1_000_000));
  const error = {
    error: expect.stringMatching(/^ERR the reply would have more than 1500000 bytes/),
  };
  expect(await client.ask("MGET", "a", "a")).toEqual(error);
  sendAll(client, [
    ["MULTI"],
    ["GET", "a"],
    ["GET", "a"],
    ["SET", "b", "1"],
    ["EXEC"],
    ["GET", "b"],
  ]);
  const [, , , , executed, b] = await replies(client, 6);
  expect(executed).toEqual({
    error: expect.stringMatching(/^ERR the transaction was executed, but/),
  });
  expect(b).toBe("1");
});

test("large values don't count where the reply hasn't got them", async () => {
  const client = (await startRedis({ maxReplyBytes: 1_500_000 })).connect();
  await client.ask("SET", "a", "x".repeat(1_000_000));
  expect(await client.ask("EXISTS", "a", "a")).toBe(2);
  sendAll(client, [
    ["MULTI"],
    ["STRLEN", "a"],
    ["APPEND", "a", "x"],
    ["EXISTS", "a", "a"],
    ["GET", "a"],
    ["EXEC"],
  ]);
  const executed = (await replies(client, 6)).at(-1);
  expect(executed).toEqual([1_000_000, 1_000_001, 2, expect.stringMatching(/^x{1000001}$/)]);
});

test("one connection too many is refused in Redis' words", async () => {
  const { connect, cuts } = await startRedis({ maxConnections: 1 });
  const [first, second] = [connect(), connect()];
  await first.ask("PING");
  expect(await second.reply()).toEqual({ error: "ERR max number of clients reached" });
  await second.ended;
  expect(cuts).toEqual(["refused"]);
  first.socket.destroy();
  await expect
    .poll(() =>
      connect()
        .ask("PING")
        .catch(() => null),
    )
    .toBe("PONG");
});

test("a process that stood still doesn't blame its clients for it", async () => {
  const cuts: string[] = [];
  const reader = { unsentBytes: 10, takenBytes: 0 };
  const slow = new SlowReaders({ maxAllUnsentBytes: 100, sendStallMs: 40 }, (_, reason) =>
    cuts.push(reason),
  );
  slow.add(reader);
  await standStill(100, () => reader.takenBytes++);
  expect(cuts).toEqual([]);
  await expect.poll(() => cuts).toEqual(["stalled"]);
});
