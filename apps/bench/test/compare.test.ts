// What a comparison makes of others' output, and of its own rows; and the clients of its loader.
import { createServer as createHttp2 } from "node:http2";
import type { ServerHttp2Stream } from "node:http2";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { drawComparison } from "../src/compare/chart.js";
import { requestOf } from "../src/compare/etcd-system.js";
import { connectionsFor, parseH2Load } from "../src/compare/h2load.js";
import { deviceOf, parseDiskStat } from "../src/compare/disk-usage.js";
import { parseUsage } from "../src/compare/process-usage.js";
import { sumOf } from "../src/compare/prometheus.js";
import { parseRedisBenchmark } from "../src/compare/redis-benchmark.js";
import type { Row } from "../src/compare/row.js";
import { parseCounts } from "../src/compare/system-calls.js";
import { medianOf, pointsOf, ratioOf, tablesOf } from "../src/compare/tables.js";
import { readsOf } from "../src/compare/workload.js";
import { runClosedLoop } from "../src/load/closed-loop.js";
import { GrpcClient } from "../src/load/grpc-client.js";
import type { LoadClient } from "../src/load/load-client.js";
import { RedisClient } from "../src/load/redis-client.js";
import { SpreadClient } from "../src/load/spread-client.js";
import { exponentOf, slopeOf } from "../src/parts/slope.js";

const H2LOAD = `starting benchmark...
Application protocol: h2c

finished in 500.00ms, 8.00 req/s, 35.35KB/s
requests: 7 total, 7 started, 7 done, 4 succeeded, 1 failed, 2 errored, 0 timeout
status codes: 4 2xx, 0 3xx, 0 4xx, 1 5xx
`;

test("h2load: what succeeded, and percentiles of that alone", () => {
  const log = [
    "1\t200\t9950",
    "2\t200\t738",
    "3\t200\t754",
    "4\t200\t1549",
    "5\t503\t9",
    "6\t-1\t9",
  ];
  expect(parseH2Load(H2LOAD, `${log.join("\n")}\n`)).toEqual({
    answered: 4,
    failed: 3,
    seconds: 0.5,
    p50Ms: expect.closeTo(0.754, 2) as unknown,
    p99Ms: expect.closeTo(9.95, 1) as unknown,
    p999Ms: expect.closeTo(9.95, 1) as unknown,
    maxMs: expect.closeTo(9.95, 1) as unknown,
  });
  const none = H2LOAD.replace("4 succeeded", "0 succeeded");
  expect(parseH2Load(none, "")).toMatchObject({ answered: 0, failed: 3, p50Ms: 0, maxMs: 0 });
  expect(() => parseH2Load("usage: h2load", "")).toThrow("h2load's output can't be read: usage: ");
});

test.each([
  [1, false, 1, 1],
  [64, false, 16, 4],
  [1000, false, 16, 63],
  [64, true, 64, 1],
])("%i in flight, HTTP/1.1 %s: %i connections of %i", (inFlight, http1, connections, streams) => {
  expect(connectionsFor(inFlight, http1)).toEqual({ connections, streams });
});

const REDIS_BENCHMARK = `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
"SET","7692.31","0.524","0.016","0.079","3.967","5.303","6.1"
`;

test("redis-benchmark: its columns by name", () => {
  expect(parseRedisBenchmark(REDIS_BENCHMARK, 100)).toEqual({
    answered: 100,
    failed: 0,
    seconds: 100 / 7692.31,
    p50Ms: 0.079,
    p99Ms: 5.303,
    p999Ms: null,
    maxMs: 6.1,
  });
  expect(() => parseRedisBenchmark('"test","rps"\n"SET","1"\n', 1)).toThrow(
    /^redis-benchmark gave no p50_latency_ms: /,
  );
  expect(() => parseRedisBenchmark("ERR unknown command\n", 1)).toThrow(/gave no rps: ERR unknown/);
});

test("/proc: CPU time, memory, and bytes written, whatever the process is called", () => {
  const stat = `7 (a (b) 1 2) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0`;
  const status = "Name:\tx\nVmHWM:\t    20 kB\nVmRSS:\t    10 kB\n";
  const io = "rchar: 1\nwchar: 2\nwrite_bytes: 4096\ncancelled_write_bytes: 0\n";
  expect(parseUsage({ stat, status, io })).toEqual({
    cpuUs: 3_000_000,
    writtenBytes: 4096,
    rssBytes: 10_240,
    rssPeakBytes: 20_480,
  });
});

test("/sys: bytes that a disk was given to write, and the disk's numbers", () => {
  const stat = " 10 1 80 5 20 2 3000 7 0 40 12 0 0 0 0 1 1\n";
  expect(parseDiskStat(stat)).toBe(3000 * 512);
  expect(deviceOf(0xfe00)).toEqual({ major: 254, minor: 0 });
  expect(deviceOf(0x10_0802)).toEqual({ major: 8, minor: 258 });
});

test("strace: calls by name, with errors and without", () => {
  const table = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 75.00    0.003000          10       300           fdatasync
 25.00    0.001000           1      1000         3 write
------ ----------- ----------- --------- --------- ----------------
100.00    0.004000           3      1300         3 total
`;
  expect(parseCounts(table)).toEqual({ fdatasync: 300, write: 1000 });
});

test("Prometheus's text: the sum of one metric's samples with the right labels", () => {
  const text = `# HELP p99_seconds a {b} 1
# TYPE p99_seconds gauge
p99_seconds 0.5
p99_seconds_more 7
calls_total{method="Put",code="OK"} 3
calls_total{method="Put",code="Canceled"} 1
calls_total{method="Range",code="OK"} 4e1
`;
  expect(sumOf(text, "p99_seconds")).toBe(0.5);
  expect(sumOf(text, "calls_total", (labels) => labels.includes('code="OK"'))).toBe(43);
  expect(sumOf(text, "nothing")).toBe(0);
});

test("the mix: nine reads for each put, and h2load's body is both", () => {
  expect(Array.from({ length: 20 }, (_, i) => readsOf("mix")(i)).filter(Boolean)).toHaveLength(18);
  const { urls, body = Buffer.alloc(0) } = requestOf("mix", "127.0.0.1:1");
  expect(urls.map((url) => url.split("/").at(-1))).toEqual([
    ...Array<string>(9).fill("Range"),
    "Put",
  ]);
  // A put's value, which a range takes for its end: no other key lies before it.
  const key = "key:000000000000";
  expect(body.subarray(5, 7 + key.length).toString()).toBe(`\n\x10${key}`);
  const value = body.subarray(7 + key.length + 2);
  expect(value).toHaveLength(100);
  expect(value.subarray(0, 17).toString()).toBe(`${key}\0`);
});

const ROW: Row = {
  run: 1,
  system: "etcd",
  client: "h2load",
  workload: "put",
  loop: "closed",
  inFlight: 64,
  rate: null,
  perSecond: 100,
  failed: 0,
  p50Ms: 1,
  p99Ms: 2,
  p999Ms: null,
  maxMs: 3,
  cpuUsPerRequest: null,
  writtenBytesPerRequest: null,
  syncsPerRequest: 0.1,
  rssBytes: null,
  loopDelayMs: null,
};

test("points: medians, and ratios of what ran one after the other", () => {
  const rates = { etcd: [100, 10, 50], raftkit: [300, 40, 100] };
  const rows = Object.entries(rates).flatMap(([system, perSecond]) =>
    perSecond.map((rate, i): Row => ({ ...ROW, system, run: i + 1, perSecond: rate })),
  );
  const [etcd, raftkit] = pointsOf(rows);
  if (!etcd || !raftkit) throw new Error("a point is missing");
  expect(medianOf(raftkit, ({ perSecond }) => perSecond)).toBe(100);
  expect(medianOf(raftkit, ({ rssBytes }) => rssBytes)).toBeNull();
  // 3, 4 and 2: not the ratio of the medians, which is 2.
  expect([ratioOf(etcd, rows), ratioOf(raftkit, rows)]).toEqual([null, 3]);
  const svg = drawComparison([...rows, { ...ROW, loop: "open", inFlight: null, rate: 5 }]);
  expect(svg).toMatch(/^<svg /);
  for (const name of ["etcd (h2load)", "raftkit (h2load)", "Requests a second: puts"]) {
    expect(svg).toContain(name);
  }
});

test("slopes: a line's, and the power of a curve", () => {
  const line = slopeOf([1, 2, 5].map((x) => [x, 7 + 3 * x] as const));
  expect([line.base, line.slope]).toEqual([expect.closeTo(7), expect.closeTo(3)]);
  expect(exponentOf([1, 2, 4, 8].map((x) => [x, 5 * x * x] as const))).toBeCloseTo(2);
  expect(exponentOf([1, 2, 4, 8].map((x) => [x, 5] as const))).toBeCloseTo(0);
});

/** Writes each of the keys and reads half of them back, so many at a time. */
async function drive(client: LoadClient, inFlight: number, requests: number): Promise<boolean[]> {
  const answers: boolean[] = [];
  const ending = new AbortController();
  const loop = { client, inFlight, keys: 100, value: Buffer.alloc(100, "x") };
  await runClosedLoop({
    ...loop,
    requests: Infinity,
    isRead: (count) => count >= 100 && count % 2 === 0,
    signal: ending.signal,
    onAnswer: (ok) => {
      answers.push(ok);
      if (answers.length === requests) ending.abort();
    },
  });
  return answers;
}

test("Redis's protocol: answers in order, wherever the network cuts them", async () => {
  const store = new Map<string, string>();
  const server = createServer((socket) => serveRedis(socket, store)).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  const client = await RedisClient.connect(await portOf(server));
  onTestFinished(() => client.close());
  const answers = await drive(client, 7, 200);
  expect(answers.every(Boolean)).toBe(true);
  expect([...store.keys()].toSorted()).toEqual(
    Array.from({ length: 100 }, (_, i) => `key:${String(i).padStart(12, "0")}`),
  );
  // A key that isn't there, and an error.
  const read = (key: number): Promise<boolean> =>
    new Promise((resolve) => client.read(key, performance.now(), resolve));
  expect([await read(0), await read(700)]).toEqual([true, false]);
});

test("several connections: requests in turn, lost when one is", async () => {
  const sockets: Socket[] = [];
  const store = new Map<string, string>();
  const server = createServer((socket) => {
    sockets.push(socket);
    serveRedis(socket, store);
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  const port = await portOf(server);
  const client = await SpreadClient.connect(() => RedisClient.connect(port), 3);
  onTestFinished(() => client.close());
  expect((await drive(client, 7, 120)).every(Boolean)).toBe(true);
  expect(sockets.map(({ bytesRead }) => bytesRead > 0)).toEqual([true, true, true]);
  expect(store.size).toBe(100);
  sockets[1]?.destroy();
  await expect(client.lost).rejects.toThrow("closed the connection");
});

/** SET and GET as its client sends them; answers byte by byte. */
function serveRedis(socket: Socket, store: Map<string, string>): void {
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    for (;;) {
      const [whole, , command, , key = "", , value] =
        /^\*[23]\r\n(\$3)\r\n(SET|GET)\r\n(\$16)\r\n(.{16})\r\n(?:(\$100)\r\n(.{100})\r\n)?/s.exec(
          text,
        ) ?? [];
      if (whole === undefined || (command === "SET" && value === undefined)) return;
      text = text.slice(whole.length);
      if (value !== undefined) store.set(key, value);
      const found = store.get(key);
      const bulk = found === undefined ? "$-1\r\n" : `$${found.length}\r\n${found}\r\n`;
      for (const byte of command === "SET" ? "+OK\r\n" : bulk) socket.write(byte);
    }
  });
}

test("gRPC: each call is a stream of its own, within the server's window", async () => {
  const puts: string[] = [];
  const server = createHttp2().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  server.on("stream", (stream, headers) => {
    expect(headers).toMatchObject({ ":method": "POST", "content-type": "application/grpc" });
    answerCall(stream, (body) => {
      const key = body.subarray(7, 23).toString();
      if (headers[":path"] === "/etcdserverpb.KV/Put") puts.push(key);
      // As if it had failed: its HTTP status is 200 nevertheless.
      return key === "key:000000000700" ? "14" : "0";
    });
  });
  const client = await GrpcClient.connect(await portOf(server));
  onTestFinished(() => client.close());
  // 600 times 125 bytes are more than the first window.
  const answers = await drive(client, 600, 700);
  expect(answers.every(Boolean)).toBe(true);
  expect(new Set(puts).size).toBe(100);
  const read = (key: number): Promise<boolean> =>
    new Promise((resolve) => client.read(key, performance.now(), resolve));
  expect([await read(1), await read(700)]).toEqual([true, false]);
});

function answerCall(stream: ServerHttp2Stream, statusOf: (body: Buffer) => string): void {
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  stream.on("end", () => {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc" },
      { waitForTrailers: true },
    );
    const status = statusOf(Buffer.concat(parts));
    stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": status }));
    stream.end(Buffer.alloc(5));
  });
}

async function portOf(server: {
  once(event: "listening", then: () => void): unknown;
  address(): unknown;
  readonly listening: boolean;
}): Promise<number> {
  if (!server.listening) await new Promise<void>((resolve) => server.once("listening", resolve));
  const address = server.address();
  if (typeof address === "object" && address !== null && "port" in address) {
    return Number(address.port);
  }
  throw new Error("the server doesn't listen");
}

test("a report has no section for what wasn't measured", () => {
  const results = { rows: [ROW], runs: 1, seconds: 1, memory: [], systemCalls: [] };
  const machine = { cpu: "", cores: 1, memoryBytes: 1, kernel: "", node: "", date: "" };
  const text = tablesOf({ ...results, machine, versions: [] });
  expect(text).toMatch(/^Closed loop, /);
  expect(text.match(/^[A-Z].*:$/gm)).toHaveLength(1);
  const svg = drawComparison([ROW]);
  expect(svg).toContain("Requests a second: puts");
  expect(svg).not.toMatch(/linearizable reads|at the same fixed rate/);
});
