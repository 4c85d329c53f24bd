// MULTI, EXEC and WATCH: all at one place in the log, or nothing.
import { describe, expect, test } from "vitest";
import type { Client, Reply } from "./client.js";
import { startRedis } from "./fixture.js";

async function run(client: Client, ...commands: string[]): Promise<Reply[]> {
  const all: Reply[] = [];
  for (const command of commands) all.push(await client.ask(...command.split(" ")));
  return all;
}

test("a transaction is one command of the log, at one index", async () => {
  const { connect, kv, proposed } = await startRedis();
  expect(await run(connect(), "MULTI", "SET a 1", "INCR a", "SET b 1", "EXEC")).toEqual([
    "OK",
    "QUEUED",
    "QUEUED",
    "QUEUED",
    ["OK", 2, "OK"],
  ]);
  expect(proposed).toHaveLength(1);
  expect(kv.machine.query({ type: "list" })).toMatchObject({
    entries: [
      { key: "a", index: 1 },
      { key: "b", index: 1 },
    ],
  });
});

test("nothing is executed before EXEC, nor if the connection ends before it", async () => {
  const { connect, listener, proposed } = await startRedis();
  const client = connect();
  await run(client, "MULTI", "SET a 1");
  client.socket.destroy();
  await expect.poll(() => listener.usage().connections).toBe(0);
  expect(proposed).toHaveLength(0);
});

test.each([
  ["an unknown command", "FOO"],
  ["a wrong number of arguments", "GET"],
  ["a wrong argument", "INCRBY a x"],
  ["a command that can't be queued", "SCAN 0"],
])("%s gives it up", async (_, wrong) => {
  const { connect, proposed } = await startRedis();
  const client = connect();
  const replies = await run(client, "MULTI", "SET a 1", wrong, "SET b 1", "EXEC", "EXISTS a b");
  expect(replies[2]).toHaveProperty("error");
  expect(replies.slice(3)).toEqual([
    "QUEUED",
    { error: "EXECABORT Transaction discarded because of previous errors." },
    0,
  ]);
  expect(proposed).toHaveLength(0);
  expect(await run(client, "MULTI", "SET a 1", "EXEC")).toEqual(["OK", "QUEUED", ["OK"]]);
});

test("what it may hold is bounded", async () => {
  const { connect } = await startRedis({ maxCommandBytes: 1000 });
  const client = connect();
  await run(client, "MULTI", `SET a ${"x".repeat(900)}`);
  expect(await client.ask("SET", "b", "x".repeat(900))).toEqual({
    error: expect.stringMatching(/^ERR the transaction is too large: at most 1000 bytes/),
  });
  expect(await client.ask("EXEC")).toEqual({ error: expect.stringMatching(/^EXECABORT/) });
});

test("replies that are there already are bounded, too", async () => {
  const client = (await startRedis({ maxCommandBytes: 1000 })).connect();
  await run(client, "MULTI", `ECHO ${"x".repeat(900)}`);
  expect(await client.ask("ECHO", "x".repeat(900))).toEqual({
    error: expect.stringMatching(/^ERR the transaction is too large: at most 1000 bytes/),
  });
});

describe("a watched key", () => {
  test.each([
    ["was written", ["SET a 2"], null],
    ["was written with the same value", ["SET a 1"], null],
    ["was deleted", ["DEL a"], null],
    ["was deleted and written again", ["DEL a", "SET a 1"], null],
    ["was left alone", ["SET b 1", "GET a"], ["OK"]],
    ["was not changed by what failed", ["SET a 2 NX", "INCRBY b 1"], ["OK"]],
  ])("%s by another client", async (_, meanwhile, expected) => {
    const { connect } = await startRedis();
    const [client, other] = [connect(), connect()];
    await run(client, "SET a 1", "WATCH a");
    await run(other, ...meanwhile);
    const [, , replies] = await run(client, "MULTI", "SET won 1", "EXEC");
    expect(replies).toEqual(expected);
    expect(await client.ask("EXISTS", "won")).toBe(expected === null ? 0 : 1);
  });

  test("that there isn't must not be created", async () => {
    const { connect } = await startRedis();
    const [client, other] = [connect(), connect()];
    await run(client, "WATCH none", "MULTI", "SET a 1");
    await run(other, "SET none 1");
    expect(await client.ask("EXEC")).toBeNull();
  });

  test("is watched for one EXEC, and from the first WATCH on", async () => {
    const { connect } = await startRedis();
    const [client, other] = [connect(), connect()];
    await run(client, "SET a 1", "WATCH a");
    await run(other, "SET a 2");
    expect(await run(client, "WATCH a", "MULTI", "EXEC")).toEqual(["OK", "OK", null]);
    expect(await run(client, "MULTI", "EXEC")).toEqual(["OK", []]);
  });

  test("sees the writes of its own pipeline that come before it", async () => {
    const { connect } = await startRedis();
    const client = connect();
    const commands = ["SET a 1", "WATCH a", "MULTI", "INCR a", "EXEC"];
    for (const command of commands) client.send(...command.split(" "));
    const replies: Reply[] = [];
    while (replies.length < commands.length) replies.push(await client.reply());
    expect(replies).toEqual(["OK", "OK", "OK", "QUEUED", [2]]);
  });

  test("many clients that count by WATCH lose no count", async () => {
    const { connect } = await startRedis();
    const rounds = 20;
    const count = async (client: Client): Promise<number> => {
      for (let done = 0, tries = 1; ; tries++) {
        const [, value] = await run(client, "WATCH n", "GET n");
        const next = Number(value ?? 0) + 1;
        const [, , executed] = await run(client, "MULTI", `SET n ${next}`, "EXEC");
        if (executed !== null && ++done === rounds) return tries;
      }
    };
    await Promise.all([connect(), connect(), connect()].map(count));
    expect(await connect().ask("GET", "n")).toBe(String(3 * rounds));
  });

  test("too many are refused", async () => {
    const client = (await startRedis({ maxWatched: 2 })).connect();
    expect(await run(client, "WATCH a b", "WATCH c")).toEqual([
      "OK",
      { error: "ERR too many watched keys: at most 2" },
    ]);
  });
});

test("in RESP3 a transaction that was given up is nil", async () => {
  const { connect } = await startRedis();
  const client = connect();
  await run(client, "HELLO 3", "WATCH a", "SET a 1", "MULTI");
  let bytes = "";
  client.socket.on("data", (chunk: Buffer) => (bytes += chunk.toString()));
  await client.ask("EXEC");
  expect(bytes).toBe("_\r\n");
});
