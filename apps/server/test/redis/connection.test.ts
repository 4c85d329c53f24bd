// One connection: order, batches, and how calls and connections end.
import { NotProposed, OutcomeUnknown, Overloaded, ReadFailed } from "raftkit";
import type { NotProposedReason } from "raftkit";
import { describe, expect, test } from "vitest";
import { notReady } from "../../src/http/errors.js";
import { encode, replies, sendAll } from "./client.js";
import type { Reply } from "./client.js";
import { gate, startRedis } from "./fixture.js";

describe("a pipeline", () => {
  test("is answered in order, and a read sees the writes before it and none behind it", async () => {
    const client = (await startRedis()).connect();
    const commands: string[][] = [];
    const expected: Reply[] = [];
    for (let i = 0; i < 300; i++) {
      commands.push(["SET", "a", String(i)], ["GET", "a"], ["PING"], ["FOO"], ["INCR", "n"]);
      expected.push(
        "OK",
        String(i),
        "PONG",
        { error: "ERR unknown command 'FOO', with args beginning with: " },
        i + 1,
      );
    }
    sendAll(client, commands);
    expect(await replies(client, expected.length)).toEqual(expected);
  });

  test("a read waits for the writes before it, and the writes behind it for the read", async () => {
    const { connect, kv, proposed } = await startRedis();
    const steps: string[] = [];
    const reading = gate();
    kv.before = async ({ consistency }) => {
      if (consistency === undefined) return;
      steps.push(`read ${proposed.length}`);
      await reading.opened;
    };
    const client = connect();
    sendAll(client, [
      ["SET", "a", "1"],
      ["GET", "a"],
      ["SET", "a", "2"],
    ]);
    expect(await client.reply()).toBe("OK");
    await expect.poll(() => steps).toEqual(["read 1"]);
    reading.open();
    expect(await replies(client, 2)).toEqual(["1", "OK"]);
    expect(proposed).toHaveLength(2);
  });

  test("its writes are one command of the log, and so are those of other connections of the turn", async () => {
    const { connect, proposed } = await startRedis();
    const client = connect();
    await client.ask("PING");
    sendAll(
      client,
      Array.from({ length: 100 }, (_, i) => ["SET", `k${i}`, "x"]),
    );
    expect(await replies(client, 100)).toEqual(Array<string>(100).fill("OK"));
    expect(proposed).toHaveLength(1);
  });

  test("a batch stays what it was while the next one is gathered", async () => {
    const { connect, kv, proposed } = await startRedis();
    const writing = gate();
    kv.before = () => writing.opened;
    const [first, second] = [connect(), connect()];
    first.send("SET", "a", "1");
    await expect.poll(() => proposed).toHaveLength(1);
    second.send("SET", "b", "2");
    await expect.poll(() => proposed).toHaveLength(2);
    writing.open();
    expect([await first.reply(), await second.reply()]).toEqual(["OK", "OK"]);
    expect(await first.ask("MGET", "a", "b")).toEqual(["1", "2"]);
  });

  test("more than one batch holds is executed batch after batch, in order", async () => {
    const { connect, proposed } = await startRedis();
    const client = connect();
    const count = 3000;
    sendAll(
      client,
      Array.from({ length: count }, () => ["INCR", "n"]),
    );
    expect(await replies(client, count)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    expect(proposed.length).toBeGreaterThanOrEqual(3);
  });

  test("a failed batch fails each of its commands, and those behind it are executed", async () => {
    const { connect, kv } = await startRedis();
    let calls = 0;
    kv.before = () => {
      if (++calls === 1) throw new Overloaded("too much");
    };
    const client = connect();
    sendAll(client, [
      ["SET", "a", "1"],
      ["PING"],
      ["SET", "b", "1"],
      ["GET", "a"],
      ["SET", "c", "1"],
    ]);
    const failure = { error: "TRYAGAIN too much; nothing was changed" };
    expect(await replies(client, 5)).toEqual([failure, "PONG", failure, null, "OK"]);
  });

  test("a command cut into pieces waits for the rest, and holds up nobody", async () => {
    const { connect } = await startRedis();
    const [slow, quick] = [connect(), connect()];
    const bytes = encode("SET", "a", "1");
    for (const byte of bytes) {
      slow.socket.write(Uint8Array.of(byte));
      await quick.ask("PING");
    }
    expect(await slow.reply()).toBe("OK");
  });
});

describe("how calls end", () => {
  const unchanged = (reason: NotProposedReason): NotProposed => new NotProposed(reason, "said so");
  test.each<[string, Error, string]>([
    ["no leader", unchanged("noLeader"), "CLUSTERDOWN said so; nothing was changed"],
    ["failed", unchanged("failed"), "CLUSTERDOWN said so; nothing was changed"],
    ["overloaded", new Overloaded("said so"), "TRYAGAIN said so; nothing was changed"],
    ["timeout", unchanged("timeout"), "TRYAGAIN said so; nothing was changed"],
    ["closing", unchanged("closing"), "TRYAGAIN said so; nothing was changed"],
    ["log full", unchanged("logFull"), "OOM said so; nothing was changed"],
    ["disk full", unchanged("diskFull"), "MISCONF said so; nothing was changed"],
    ["too large", unchanged("tooLarge"), "ERR said so; nothing was changed"],
    [
      "unknown",
      new OutcomeUnknown("timeout", "said so"),
      "OUTCOMEUNKNOWN the write may have happened, or may still happen: read before you retry (said so)",
    ],
    ["not open yet", notReady("the node is starting"), "LOADING the node is starting"],
  ])("a write: %s", async (_, failure, text) => {
    const { connect, kv } = await startRedis();
    kv.before = () => {
      throw failure;
    };
    const client = connect();
    expect(await client.ask("SET", "a", "1")).toEqual({ error: text });
    sendAll(client, [["MULTI"], ["SET", "a", "1"], ["EXEC"]]);
    expect(await replies(client, 3)).toEqual(["OK", "QUEUED", { error: text }]);
    expect(await client.ask("PING")).toBe("PONG");
  });

  test("reads", async () => {
    const { connect, kv } = await startRedis();
    kv.before = () => {
      throw new ReadFailed("noLeader", "said so");
    };
    const client = connect();
    for (const command of [
      ["GET", "a"],
      ["SCAN", "0"],
      ["KEYS", "*"],
      ["WATCH", "a"],
    ]) {
      expect(await client.ask(...command)).toEqual({ error: "CLUSTERDOWN said so" });
    }
  });

  test("a bug is logged, and its words stay here", async () => {
    const { connect, kv, lines } = await startRedis();
    kv.before = () => {
      throw new TypeError("secret");
    };
    expect(await connect().ask("SET", "a", "1")).toEqual({
      error: "ERR the command failed; the server's log says more",
    });
    expect(lines).toMatchObject([{ level: "error", message: "a command failed" }]);
  });

  test("READONLY reads this node's own state, until READWRITE", async () => {
    const { connect, kv } = await startRedis();
    const asked: unknown[] = [];
    kv.before = ({ consistency }) => void asked.push(consistency);
    const client = connect();
    sendAll(client, [
      ["GET", "a"],
      ["READONLY"],
      ["GET", "a"],
      ["SCAN", "0"],
      ["READWRITE"],
      ["GET", "a"],
    ]);
    await replies(client, 6);
    expect(asked).toEqual(["linearizable", "local", "local", "linearizable"]);
  });
});

describe("how a connection ends", () => {
  test("QUIT answers everything before it, and nothing behind it", async () => {
    const { connect, kv } = await startRedis();
    const client = connect();
    sendAll(client, [["SET", "a", "1"], ["QUIT"], ["SET", "b", "1"]]);
    expect(await replies(client, 2)).toEqual(["OK", "OK"]);
    await client.ended;
    expect(kv.machine.query({ type: "size" })).toMatchObject({ keys: 1 });
  });

  test.each([
    ["after QUIT", "*1\r\n$4\r\nQUIT\r\n", false],
    ["after its client's end", "", true],
  ])("%s a client that reads slowly gets all of its replies", async (_, more, isEnd) => {
    const { connect, listener, cuts } = await startRedis({
      lingerMs: 0,
      maxUnsentBytes: 100_000_000,
    });
    const [slow, other] = [connect(), connect()];
    await other.ask("SET", "a", "x".repeat(1_000_000));
    slow.socket.pause();
    const command = Buffer.concat([
      encode("MGET", ...Array<string>(20).fill("a")),
      Buffer.from(more),
    ]);
    if (isEnd) slow.socket.end(command);
    else slow.socket.write(command);
    await expect.poll(() => listener.usage().calls.get(isEnd ? "mget" : "quit")).toBe(1);
    // Turns of the event loop in which a timer of 0 ms rings again and again.
    for (let i = 0; i < 200; i++) await other.ask("PING");
    slow.socket.resume();
    expect(await slow.reply()).toHaveLength(20);
    if (!isEnd) expect(await slow.reply()).toBe("OK");
    await slow.ended;
    await expect.poll(() => listener.usage().connections).toBe(1);
    expect(cuts).toEqual([]);
  });

  test("what is no request is told behind the replies before it", async () => {
    const client = (await startRedis()).connect();
    client.socket.write(Buffer.concat([encode("SET", "a", "1"), Buffer.from("*1\r\n:1\r\n")]));
    expect(await replies(client, 2)).toEqual([
      "OK",
      { error: "ERR Protocol error: expected '$', got ':'" },
    ]);
    await client.ended;
  });

  test("who ends its own side gets its replies first", async () => {
    const client = (await startRedis()).connect();
    client.socket.end(Buffer.concat([encode("SET", "a", "1"), encode("GET", "a")]));
    expect(await replies(client, 2)).toEqual(["OK", "1"]);
    await client.ended;
  });

  test("who is gone leaves the others alone", async () => {
    const { connect, kv, listener } = await startRedis();
    const answering = gate();
    kv.before = () => answering.opened;
    const [gone, other] = [connect(), connect()];
    gone.send("SET", "a", "1");
    other.send("SET", "b", "1");
    await expect.poll(() => listener.usage().calls.get("set")).toBe(2);
    gone.socket.resetAndDestroy();
    await expect.poll(() => listener.usage().connections).toBe(1);
    answering.open();
    expect(await other.reply()).toBe("OK");
  });

  test.each(["POST / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"])(
    "a browser can't speak to it: %j",
    async (head) => {
      const { connect, kv } = await startRedis();
      const client = connect();
      client.socket.write(`${head}SET a 1\r\n`);
      await client.ended;
      expect(kv.machine.query({ type: "size" })).toMatchObject({ keys: 0 });
    },
  );

  test("draining finishes what was begun, and begins nothing more", async () => {
    const { connect, kv, listener } = await startRedis();
    const answering = gate();
    kv.before = () => answering.opened;
    const [busy, idle] = [connect(), connect()];
    await idle.ask("PING");
    busy.send("SET", "a", "1");
    await expect.poll(() => listener.usage().calls.get("set")).toBe(1);
    const drained = listener.drain(10_000);
    await idle.ended;
    busy.send("SET", "b", "1");
    answering.open();
    expect(await busy.reply()).toBe("OK");
    await busy.ended;
    await drained;
    expect(kv.machine.query({ type: "size" })).toMatchObject({ keys: 1 });
  });
});
