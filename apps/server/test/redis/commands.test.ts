// Every command of the table: what it answers, and what it changes.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { commandTable } from "../../src/redis/commands/table.js";
import { startRedis } from "./fixture.js";

type Step = readonly [command: string, reply: unknown];

const error = (text: RegExp | string): unknown => ({
  error: typeof text === "string" ? text : expect.stringMatching(text),
});
const OK = "OK";

/** By the command that they are about; words are separated by spaces, and "" is an empty argument. */
const examples: Readonly<Record<string, readonly Step[]>> = {
  get: [
    ["get a", null],
    ["set a 1", OK],
    ["GET a", "1"],
    ['get ""', error(/^ERR a key is empty/)],
  ],
  set: [
    ["set a 1", OK],
    ["set a 2 NX", null],
    ["set b 2 nx", OK],
    ["set c 1 XX", null],
    ["set a 3 xx", OK],
    ["set a 4 GET", "3"],
    ["set d 1 GET", null],
    ["set a 5 NX GET", "4"],
    ["set c 5 XX GET", null],
    ["mget a b c d", ["4", "2", null, "1"]],
    ["set a 1 NX XX", error("ERR syntax error")],
    ["set a 1 2", error("ERR syntax error")],
    ["set a 1 EX 10", error("ERR SET with EX isn't supported: keys don't expire here")],
    ["set a 1 KEEPTTL", error(/^ERR SET with KEEPTTL isn't supported/)],
    ["set a 1 GET PXAT 1", error(/^ERR SET with PXAT/)],
    ["get a", "4"],
    ['set e ""', OK],
    ["get e", ""],
  ],
  setnx: [
    ["setnx a 1", 1],
    ["setnx a 2", 0],
    ["get a", "1"],
  ],
  getset: [
    ["getset a 1", null],
    ["getset a 2", "1"],
    ["get a", "2"],
  ],
  getdel: [
    ["getdel a", null],
    ["set a 1", OK],
    ["getdel a", "1"],
    ["exists a", 0],
  ],
  mget: [
    ["set a 1", OK],
    ["mget a none a", ["1", null, "1"]],
  ],
  mset: [
    ["mset a 1 b 2 a 3", OK],
    ["mget a b", ["3", "2"]],
    ["mset a 1 b", error("ERR wrong number of arguments for 'mset' command")],
    ['mset a 9 "" 1', error(/^ERR a key is empty/)],
    ["get a", "3"],
  ],
  append: [
    ["append a ab", 2],
    ["append a cde", 5],
    ["get a", "abcde"],
  ],
  strlen: [
    ["strlen a", 0],
    ["set a abc", OK],
    ["strlen a", 3],
  ],
  incr: [
    ["incr a", 1],
    ["incr a", 2],
    ["set a 9223372036854775807", OK],
    ["incr a", error("ERR increment or decrement would overflow")],
    ["set a 01", OK],
    ["incr a", error("ERR value is not an integer or out of range")],
    ["set a 9223372036854775808", OK],
    ["incr a", error("ERR value is not an integer or out of range")],
    ["get a", "9223372036854775808"],
  ],
  decr: [
    ["decr a", -1],
    ["set a -9223372036854775808", OK],
    ["decr a", error("ERR increment or decrement would overflow")],
  ],
  incrby: [
    ["incrby a 5", 5],
    ["incrby a -7", -2],
    ["incrby a x", error("ERR value is not an integer or out of range")],
    ["incrby a 9223372036854775808", error("ERR value is not an integer or out of range")],
    ["incrby b 9223372036854775807", "9223372036854775807"],
  ],
  decrby: [
    ["decrby a 5", -5],
    ["decrby a -9223372036854775808", error("ERR decrement would overflow")],
    ["get a", "-5"],
  ],
  del: [
    ["mset a 1 b 2", OK],
    ["del a b c a", 2],
    ["dbsize", 0],
  ],
  exists: [
    ["set a 1", OK],
    ["exists a b a", 2],
  ],
  dbsize: [
    ["dbsize", 0],
    ["mset a 1 b 2", OK],
    ["dbsize", 2],
  ],
  scan: [
    ["scan 0", ["0", []]],
    ["mset a 1 b 2", OK],
    ["scan 0 match a* count 100", ["0", ["a"]]],
    ["scan 0 COUNT 0", error("ERR syntax error")],
    ["scan 0 COUNT x", error("ERR value is not an integer or out of range")],
    ["scan 0 TYPE string", error("ERR syntax error")],
    ["scan 7", error(/^ERR invalid cursor: this node doesn't know it/)],
    ["scan x", error("ERR invalid cursor")],
  ],
  keys: [
    ["mset ab 1 b 2 ac 3", OK],
    ["keys a?", ["ab", "ac"]],
    ["keys *", ["ab", "ac", "b"]],
    ["keys x", []],
  ],
  multi: [
    ["multi", OK],
    ["multi", error("ERR MULTI calls can not be nested")],
    ["exec", []],
  ],
  exec: [
    ["exec", error("ERR EXEC without MULTI")],
    ["multi", OK],
    ["set a 1", "QUEUED"],
    ["incr a", "QUEUED"],
    ["ping", "QUEUED"],
    ["set a x nx", "QUEUED"],
    ["append a x", "QUEUED"],
    ["incr a", "QUEUED"],
    ["mget a b", "QUEUED"],
    ["dbsize", "QUEUED"],
    [
      "exec",
      [
        OK,
        2,
        "PONG",
        null,
        2,
        error("ERR value is not an integer or out of range"),
        ["2x", null],
        1,
      ],
    ],
    ["get a", "2x"],
  ],
  discard: [
    ["discard", error("ERR DISCARD without MULTI")],
    ["multi", OK],
    ["set a 1", "QUEUED"],
    ["discard", OK],
    ["get a", null],
  ],
  watch: [
    ["set a 1", OK],
    ["watch a b", OK],
    ["set a 2", OK],
    ["multi", OK],
    ["watch a", error("ERR WATCH inside MULTI is not allowed")],
    ["set b 1", "QUEUED"],
    ["exec", null],
    ["exists b", 0],
    ["multi", OK],
    ["set b 1", "QUEUED"],
    ["exec", [OK]],
  ],
  unwatch: [
    ["watch a", OK],
    ["unwatch", OK],
    ["set a 1", OK],
    ["multi", OK],
    ["exec", []],
  ],
  ping: [
    ["ping", "PONG"],
    ["ping hello", "hello"],
    ["ping a b", error("ERR wrong number of arguments for 'ping' command")],
  ],
  echo: [["echo hello", "hello"]],
  hello: [
    ["hello 4", error("NOPROTO unsupported protocol version")],
    ["hello 3 AUTH default x", error(/^ERR AUTH <password> called without any password/)],
    [
      "hello 3 SETNAME me",
      new Map<string, unknown>([
        ["server", "raftkit"],
        ["version", "7.0.0"],
        ["proto", 3],
        ["id", 1],
        ["mode", "standalone"],
        ["role", "master"],
        ["node", "n1"],
        ["modules", []],
      ]),
    ],
    ["get a", null],
    ["client getname", "me"],
    ["hello 2", expect.arrayContaining(["proto", 2])],
  ],
  select: [
    ["select 0", OK],
    ["select 1", error("ERR DB index is out of range")],
  ],
  client: [
    ["client id", 1],
    ["client getname", null],
    ["client setname me", OK],
    ["client getname", "me"],
    ["client setinfo LIB-NAME test", OK],
    ["client setname", error("ERR wrong number of arguments for 'client|setname' command")],
    ["client kill", error("ERR unknown subcommand 'kill'. Try CLIENT HELP.")],
  ],
  readonly: [
    ["readonly", OK],
    ["get a", null],
  ],
  readwrite: [["readwrite", OK]],
  reset: [
    ["multi", OK],
    ["reset", "RESET"],
    ["exec", error("ERR EXEC without MULTI")],
  ],
  quit: [["quit", OK]],
  info: [
    ["info server", expect.stringMatching(/^# Server\r\nredis_version:7\.0\.0\r\n/)],
    ["info keyspace", "# Keyspace\r\n"],
    ["set a 1", OK],
    ["info keyspace", "# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n"],
    ["info raft", expect.stringContaining("raft_role:leader\r\nleader:n1\r\nterm:2\r\n")],
    ["info commandstats", "# Commandstats\r\ncmdstat_set:calls=1\r\ncmdstat_info:calls=5\r\n"],
    ["info", expect.stringContaining("# Persistence\r\nloading:0\r\n")],
  ],
  command: [
    ["command count", commandTable.size],
    ["command list", [...commandTable.keys()]],
    ["command info get nothing", [["get", 2, ["readonly", "fast"], 1, 1, 1, [], [], [], []], null]],
    [
      "command docs get",
      ["get", ["summary", "The value, or nil.", "since", "1.0.0", "group", "string"]],
    ],
    ["command x", error("ERR unknown subcommand 'x'. Try COMMAND HELP.")],
  ],
  config: [
    ["config get save", ["save", ""]],
    ["config get APPEND*", ["appendonly", "yes", "appendfsync", "always"]],
    ["config set save x", error("ERR unknown subcommand 'set'. Try CONFIG HELP.")],
    ["config get", error("ERR wrong number of arguments for 'config|get' command")],
  ],
};

const wordsOf = (text: string): string[] =>
  text.split(" ").map((word) => (word === '""' ? "" : word));

describe("each command", () => {
  test.each(Object.entries(examples))("%s", async (_, steps) => {
    const client = (await startRedis()).connect();
    for (const [command, expected] of steps) {
      expect([command, await client.ask(...wordsOf(command))]).toEqual([command, expected]);
    }
  });

  test("has examples here", () => {
    expect(Object.keys(examples).toSorted()).toEqual([...commandTable.keys()].toSorted());
  });

  test("refuses too few and too many arguments, and changes nothing", async () => {
    const { connect, kv } = await startRedis();
    const client = connect();
    for (const { name, arity } of commandTable.values()) {
      const wrong = arity > 0 ? [arity + 1, arity - 1] : [-arity - 1];
      for (const count of wrong.filter((one) => one > 0)) {
        expect(await client.ask(name, ...Array<string>(count - 1).fill("x"))).toEqual({
          error: `ERR wrong number of arguments for '${name}' command`,
        });
      }
    }
    expect(kv.machine.query({ type: "size" })).toMatchObject({ keys: 0, index: 0 });
  });

  test("of a run gets the same replies in one pipeline as one by one", async () => {
    for (const [name, steps] of Object.entries(examples)) {
      const client = (await startRedis()).connect();
      client.socket.cork();
      for (const [command] of steps) client.send(...wordsOf(command));
      client.socket.uncork();
      for (const [command, expected] of steps) {
        expect([name, command, await client.reply()]).toEqual([name, command, expected]);
      }
    }
  });
});

test("what isn't a command is refused in Redis' words", async () => {
  const client = (await startRedis()).connect();
  expect(await client.ask("FOO", "bar", "b\r\nz")).toEqual({
    error: "ERR unknown command 'FOO', with args beginning with: 'bar' 'b z' ",
  });
  expect(await client.ask("x".repeat(200), "y".repeat(200))).toEqual({
    error: `ERR unknown command '${"x".repeat(128)}', with args beginning with: '${"y".repeat(128)}' `,
  });
  expect(await client.ask("PING")).toBe("PONG");
});

test("keys and values are any bytes, and are seen over HTTP as well", async () => {
  const { connect, kv } = await startRedis();
  const client = connect();
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  const text = Buffer.from(every).toString("latin1");
  expect(await client.ask("SET", every, every)).toBe(OK);
  expect(await client.ask("GET", every)).toBe(text);
  expect(await client.ask("SCAN", "0", "MATCH", Uint8Array.of(0, 0x2a))).toEqual(["0", [text]]);
  expect(await client.ask("SET", "é\u{1f600}", "1")).toBe(OK);
  expect(kv.machine.query({ type: "get", key: "é\u{1f600}" })).toMatchObject({
    entry: { value: Uint8Array.of(0x31) },
  });
});

test("limits of keys and values are said", async () => {
  const client = (await startRedis({ maxValueBytes: 10 })).connect();
  expect(await client.ask("SET", "x".repeat(1024), "1")).toBe(OK);
  expect(await client.ask("GET", "x".repeat(1025))).toEqual(error(/^ERR a key is too long/));
  expect(await client.ask("GET", Buffer.alloc(257, 0xff))).toEqual(error(/^ERR a key is too long/));
  expect(await client.ask("SET", "a", "x".repeat(11))).toEqual(
    error("ERR string exceeds maximum allowed size (--max-value-bytes 10)"),
  );
  expect(await client.ask("MGET", ...Array<string>(4097).fill("a"))).toEqual(
    error("ERR too many keys: at most 4096 in one command"),
  );
});

describe("in RESP3", () => {
  test.each<Step>([
    ["get none", null],
    ["exec", error("ERR EXEC without MULTI")],
    ["config get save", new Map([["save", ""]])],
    [
      "command docs get",
      new Map([
        [
          "get",
          new Map([
            ["summary", "The value, or nil."],
            ["since", "1.0.0"],
            ["group", "string"],
          ]),
        ],
      ]),
    ],
  ])("%s", async (command, expected) => {
    const client = (await startRedis()).connect();
    client.send("HELLO", "3");
    client.send(...wordsOf(command));
    expect(await client.reply()).toBeInstanceOf(Map);
    expect(await client.reply()).toEqual(expected);
  });

  test("nil is nil", async () => {
    const { connect } = await startRedis();
    const client = connect();
    await client.ask("HELLO", "3");
    let bytes = "";
    client.socket.on("data", (chunk: Buffer) => (bytes += chunk.toString()));
    await client.ask("MGET", "a");
    expect(bytes).toBe("*1\r\n_\r\n");
  });
});

test("the README's table has every command, as it is here", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  for (const { name, usage, summary } of commandTable.values()) {
    const shown = `${name.toUpperCase()} ${usage}`.trim().replaceAll("|", "\\|");
    expect(readme).toContain(`| \`${shown}\` | ${summary} |\n`);
  }
});
