// Real clients against a real server: ioredis, node-redis in both protocols, redis-cli and
// redis-benchmark.
import { spawn, spawnSync } from "node:child_process";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startServer } from "../../src/server.js";
import { recordingLogger } from "../fixture.js";
import { freePorts } from "../process.js";
import { settingsFor } from "../start.js";

let port = 0;

beforeEach(async () => {
  const [peer = 0] = await freePorts(1);
  const args = ["--storage=memory", "--redis-port=0", `--address=127.0.0.1:${peer}`];
  const server = await startServer({ settings: settingsFor(...args), logger: recordingLogger() });
  onTestFinished(() => server.close());
  port = Number(server.redis?.split(":").at(-1));
});

describe("ioredis", () => {
  function connect(): Redis {
    const redis = new Redis({ port, host: "127.0.0.1", maxRetriesPerRequest: 1 });
    onTestFinished(() => redis.disconnect());
    return redis;
  }

  test("reads and writes", async () => {
    const redis = connect();
    expect(await redis.set("greeting", "hello")).toBe("OK");
    expect(await redis.get("greeting")).toBe("hello");
    expect(await redis.set("greeting", "hi", "NX")).toBeNull();
    const bytes = Buffer.from([0, 255, 13, 10, 128]);
    await redis.set(bytes, bytes);
    expect(await redis.getBuffer(bytes)).toEqual(bytes);
    expect(await redis.incrby("n", 41)).toBe(41);
    expect(await redis.mget("greeting", "n", "none")).toEqual(["hello", "41", null]);
    await expect(redis.set("a", "1", "EX", 10)).rejects.toThrow(/keys don't expire here/);
    await expect(redis.call("FOO")).rejects.toThrow(/^ERR unknown command 'FOO'/);
  });

  test("pipelines", async () => {
    const pipeline = connect().pipeline();
    for (let i = 0; i < 500; i++) pipeline.set("a", i).get("a");
    const replies = await pipeline.exec();
    expect(replies).toEqual(
      Array.from({ length: 1000 }, (_, i) => [null, i % 2 === 0 ? "OK" : String((i - 1) / 2)]),
    );
  });

  test("transactions", async () => {
    const [redis, other] = [connect(), connect()];
    expect(await redis.multi().set("a", 1).incr("a").exec()).toEqual([
      [null, "OK"],
      [null, 2],
    ]);
    await redis.watch("a");
    await other.set("a", 5);
    expect(await redis.multi().set("a", 7).exec()).toBeNull();
    expect(await redis.get("a")).toBe("5");
  });

  test("scans", async () => {
    const redis = connect();
    await redis.mset(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, "x"])));
    const found: string[] = [];
    for await (const keys of redis.scanStream({ match: "k*", count: 7 })) found.push(...keys);
    expect(found).toHaveLength(100);
    expect(await redis.dbsize()).toBe(100);
  });
});

describe.each([2, 3] as const)("node-redis with RESP%i", (RESP) => {
  async function connect() {
    const client = createClient({
      RESP,
      socket: { port, host: "127.0.0.1", reconnectStrategy: false },
    });
    client.on("error", () => undefined);
    await client.connect();
    onTestFinished(() => client.destroy());
    return client;
  }

  test("reads and writes", async () => {
    const client = await connect();
    expect(await client.set("greeting", "hello")).toBe("OK");
    expect(await client.get("greeting")).toBe("hello");
    expect(await client.get("none")).toBeNull();
    expect(await client.setNX("greeting", "hi")).toBe(0);
    expect(await client.getSet("greeting", "hi")).toBe("hello");
    expect(await client.getDel("greeting")).toBe("hi");
    expect(await client.append("text", "ab")).toBe(2);
    expect(await client.strLen("text")).toBe(2);
    expect(await client.decrBy("n", 5)).toBe(-5);
    expect(await client.exists(["n", "text", "none"])).toBe(2);
    expect(await client.del(["n", "text"])).toBe(2);
    expect(await client.configGet("save")).toEqual({ save: "" });
  });

  test("many at once", async () => {
    const client = await connect();
    const replies = await Promise.all(Array.from({ length: 1000 }, () => client.incr("n")));
    expect(replies).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  });

  test("transactions", async () => {
    const [client, other] = [await connect(), await connect()];
    expect(await client.multi().set("a", "1").incr("a").get("a").exec()).toEqual(["OK", 2, "2"]);
    await client.watch("a");
    await other.set("a", "5");
    await expect(client.multi().set("a", "7").exec()).rejects.toThrow(/watched keys/i);
    expect(await client.get("a")).toBe("5");
  });

  test("scans", async () => {
    const client = await connect();
    await client.mSet(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, "x"])));
    const found: string[] = [];
    for await (const keys of client.scanIterator({ MATCH: "k*", COUNT: 7 })) found.push(...keys);
    expect(found).toHaveLength(50);
  });
});

const hasTools = spawnSync("redis-cli", ["--version"]).status === 0;

/** Not synchronous: the server is in this process. */
function run(program: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ["-p", String(port), ...args], { timeout: 25_000 });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("latin1")));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString("latin1")));
    child.once("error", reject);
    child.once("close", () => resolve(output));
    child.stdin.end(input);
  });
}

describe.skipIf(!hasTools)("Debian's redis-tools (skipped where redis-cli isn't installed)", () => {
  test("redis-cli with arguments", async () => {
    expect(await run("redis-cli", ["set", "greeting", "hello"])).toBe("OK\n");
    expect(await run("redis-cli", ["-3", "get", "greeting"])).toBe("hello\n");
    expect(await run("redis-cli", ["foo"])).toMatch(/^ERR unknown command 'foo'/);
    expect(await run("redis-cli", ["--scan"])).toBe("greeting\n");
  });

  test("redis-cli with commands on its input", async () => {
    const commands = "MULTI\nSET a 1\nINCR a\nEXEC\nGET a\nINFO keyspace\n";
    const output = await run("redis-cli", [], commands);
    expect(output).toBe(
      "OK\nQUEUED\nQUEUED\nOK\n2\n2\n# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n",
    );
  });

  test("redis-cli --pipe", async () => {
    const commands = Array.from({ length: 5000 }, (_, i) => `SET k${i} x\r\n`).join("");
    expect(await run("redis-cli", ["--pipe"], commands)).toMatch(/errors: 0, replies: 5000/);
    expect(await run("redis-cli", ["dbsize"])).toBe("5000\n");
  });

  test("redis-benchmark", async () => {
    const tests = "ping_inline,ping_mbulk,set,get,incr,mset";
    const output = await run("redis-benchmark", ["-t", tests, "-n", "500", "-P", "8", "--csv"]);
    expect(output).not.toMatch(/warning|error/i);
    expect(output.match(/^"/gm)?.length).toBeGreaterThanOrEqual(6);
  });
});
