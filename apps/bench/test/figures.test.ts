// What the benchmarks count and print, on figures that are known.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createKv, putCommand } from "@raftkit/kv";
import { expect, onTestFinished, test } from "vitest";
import { Blocks } from "../src/cluster/blocks.js";
import { Taking } from "../src/cluster/taking.js";
import { bytesIn } from "../src/data-directory.js";
import { drawChart } from "../src/endurance/chart.js";
import { summarize, summaryText } from "../src/endurance/summary.js";
import { Client } from "../src/load/client.js";
import { keyAt } from "../src/load/keys.js";
import { SplitLatencies } from "../src/load/latencies.js";
import { createReplies, onRequests } from "../src/load/protocol.js";
import { median } from "../src/medians.js";
import { CoreCluster } from "../src/parts/core-cluster.js";
import type { Row } from "../src/writes/row.js";
import { ratioTable, writesTable } from "../src/writes/tables.js";
import { nodeSample, sample } from "./support/samples.js";

/** The cells of a Markdown table, without its head. */
function cellsOf(table: string): string[][] {
  return table
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

test("latencies during snapshots and between are counted apart", () => {
  const latencies = new SplitLatencies();
  for (let i = 1; i <= 98; i++) latencies.record(2, true);
  for (let i = 1; i <= 2; i++) latencies.record(40, true);
  for (let i = 1; i <= 900; i++) latencies.record(1, false);
  expect(latencies.during.figures()).toMatchObject({ count: 100, p50Ms: 2 });
  expect(latencies.during.figures().p99Ms).toBeCloseTo(40, 1);
  expect(latencies.between.figures()).toEqual({
    count: 900,
    p50Ms: 1,
    p99Ms: 1,
    p999Ms: 1,
    maxMs: 1,
  });
  // 0.2 % of all: above the p99, below the p99.9.
  expect(latencies.all.figures()).toMatchObject({ count: 1000, p50Ms: 1, p99Ms: 2 });
  expect(latencies.all.figures().p999Ms).toBeCloseTo(40, 1);
});

test("a block belongs to a snapshot that goes on for any part of it", () => {
  const blocks = new Blocks(0);
  blocks.tick(5); // nothing is taken
  blocks.taking(true); // the capture itself takes 20 ms
  blocks.tick(25);
  blocks.tick(28);
  blocks.taking(false);
  blocks.tick(41); // began while it was taken
  blocks.tick(53);
  blocks.collected(4);
  blocks.collected(3);
  expect(blocks.report()).toEqual({
    duringMs: 20,
    betweenMs: 12,
    longDuring: 2,
    longBetween: 1,
    gcMaxMs: 4,
  });
  blocks.tick(54);
  expect(blocks.report()).toEqual({
    duringMs: 0,
    betweenMs: 1,
    longDuring: 0,
    longBetween: 0,
    gcMaxMs: 0,
  });
});

test("a snapshot is taken from its capture until it is saved; what was installed isn't taken", () => {
  const changes: boolean[] = [];
  const taking = new Taking((isTaking) => void changes.push(isTaking));
  const kv = taking.watched(createKv());
  kv.apply(putCommand("a", Uint8Array.of(1)), { index: 1, term: 1, elapsedMs: 0 });
  taking.saved("leader");
  expect(changes).toEqual([]);
  kv.snapshot();
  expect(changes).toEqual([true]);
  expect(taking.report()).toMatchObject({ taken: 0, installed: 1, wasTaking: true });
  taking.saved("own");
  expect(changes).toEqual([true, false]);
  // Some of the time since the last report.
  expect(taking.report()).toMatchObject({ taken: 1, installed: 1, wasTaking: true });
  expect(taking.report()).toEqual({ taken: 1, installed: 1, wasTaking: false, captureMaxMs: 0 });
});

test.each([1, 7, 10_000, 65_536])("each of %i keys is written once in turn", (keys) => {
  const written = Array.from({ length: keys }, (_, count) => keyAt(count, keys));
  expect(new Set(written).size).toBe(keys);
  expect(Math.max(...written)).toBe(keys - 1);
  expect(keyAt(keys, keys)).toBe(keyAt(0, keys));
});

test("a folder's bytes are those of its folders, too", async () => {
  const directory = mkdtempSync(join(tmpdir(), "raftkit-bench-test-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "snapshots"));
  writeFileSync(join(directory, "log"), "12345");
  writeFileSync(join(directory, "snapshots", "one"), "123");
  expect(await bytesIn(directory)).toBe(8);
  expect(await bytesIn(join(directory, "nowhere"))).toBe(0);
});

test("answers find their requests, in whatever order and pieces", async () => {
  const requests: { id: number; key: number; text: string }[] = [];
  let all = (): void => {};
  const received = new Promise<void>((resolve) => (all = resolve));
  let edge: Socket | undefined;
  const server = createServer((socket) => {
    edge = socket;
    onRequests(socket, (id, key, value) => {
      requests.push({ id, key, text: Buffer.from(value).toString() });
      if (requests.length === 3) all();
    });
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const client = await Client.connect(typeof address === "object" && address ? address.port : 0);
  onTestFinished(() => client.close());
  const answers: [string, boolean, number][] = [];
  const answered = new Promise<void>((resolve) => {
    const on = (name: string) => (ok: boolean, _: number, key: number) => {
      answers.push([name, ok, key]);
      if (answers.length === 3) resolve();
    };
    client.write(7, Buffer.from("x".repeat(200_000)), performance.now(), on("large"));
    client.write(8, Buffer.from("y"), performance.now(), on("small"));
    client.read(9, performance.now(), on("read"));
  });
  await received;
  expect(requests.map(({ key, text }) => [key, text.length])).toEqual([
    [7, 200_000],
    [8, 1],
    [9, 0],
  ]);
  expect(client.inFlight).toBe(3);
  if (!edge) throw new Error("nobody connected");
  const reply = createReplies(edge);
  for (const { id, key } of requests.toReversed()) reply(id, key === 8 ? 1 : 0);
  await answered;
  expect(answers).toEqual([
    ["read", true, 9],
    ["small", false, 8],
    ["large", true, 7],
  ]);
  expect(client.inFlight).toBe(0);
  edge.destroy();
  await expect(client.lost).rejects.toThrow("closed the connection");
});

test("ratios are those of one run, whose clusters ran one after the other", () => {
  const row = (run: number, logMib: number | null, perSecond: number): Row => ({
    run,
    logMib,
    inFlight: 64,
    perSecond,
    failed: 0,
    p50Ms: 1,
    p99Ms: 2,
    cpuUsPerWrite: 3,
    writesPerPersist: 4,
    snapshots: logMib === null ? 0 : 6,
  });
  // The machine became twice as fast after the first run.
  const rows = [
    row(1, 64, 90),
    row(1, null, 100),
    row(2, null, 200),
    row(2, 64, 190),
    row(3, 64, 196),
    row(3, null, 200),
  ];
  expect(cellsOf(ratioTable(rows, [64], [64, null]))).toEqual([
    ["log of 64 MiB", "64", "0.950", "0.900–0.980"],
  ]);
  expect(cellsOf(writesTable(rows, [64], [64, null]))).toEqual([
    ["log of 64 MiB", "64", "190", "90–196", "1.00", "2.00", "3.0", "4.0", "6"],
    ["no snapshots", "64", "200", "100–200", "1.00", "2.00", "3.0", "4.0", "0"],
  ]);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 9])).toBe(3.5);
  expect(median([])).toBe(0);
});

test("a run's summary: the worst of all nodes, and of all seconds but that before the load", () => {
  const latencies = new SplitLatencies();
  for (let i = 0; i < 60; i++) latencies.record(3, true);
  for (let i = 0; i < 40; i++) latencies.record(2, false);
  const blocks = { duringMs: 1, betweenMs: 2, longDuring: 0, longBetween: 0, gcMaxMs: 1 };
  const samples = [
    sample(0, 0, [nodeSample("n1", { term: 1, blocks: { ...blocks, duringMs: 99 } })]),
    sample(1000, 10, [nodeSample("n1", { diskBytes: 2 * 2 ** 20, blocks })]),
    sample(2000, 49, [nodeSample("n1", { blocks: { ...blocks, duringMs: 8, longDuring: 2 } })]),
    sample(3000, 80, [nodeSample("n1", { diskBytes: 5 * 2 ** 20, blocks })]),
    sample(4000, 100, [
      nodeSample("n1", {
        term: 3,
        failures: { overloaded: 4 },
        blocks: { ...blocks, gcMaxMs: 7, longDuring: 1 },
        snapshots: { taken: 5, installed: 1, wasTaking: true, captureMaxMs: 0.5 },
      }),
    ]),
  ];
  const summary = summarize(samples, latencies, 4);
  expect(summary).toMatchObject({
    writes: 100,
    seconds: 4,
    writesPerSecond: 25,
    refused: 4,
    failures: { overloaded: 4 },
    p99Ratio: expect.closeTo(1.5, 2) as number,
    blocks: { duringMs: 8, betweenMs: 2, longDuring: 3, captureMaxMs: 0.5, gcMaxMs: 7 },
    snapshotsTaken: [{ id: "n1", count: 5 }],
    snapshotsInstalled: 1,
    termChanges: 2,
  });
  expect(summary.milestones.map(({ percent, sample: { writes } }) => [percent, writes])).toEqual([
    [10, 10],
    [50, 80],
    [100, 100],
  ]);
  const text = summaryText(summary);
  expect(text).toContain("100 writes in 4.0 s: 25 writes/s, 4 REFUSED (overloaded 4)");
  expect(text).toContain("p99 while a snapshot was taken / between: 1.50");
  expect(cellsOf(text.slice(text.lastIndexOf("\n\n"))).map((cells) => cells.slice(0, 4))).toEqual([
    ["10 %", "10", "n1", "2"],
    ["50 %", "80", "n1", "5"],
    ["100 %", "100", "n1", "0"],
  ]);
});

test.each([1, 3, 7])("the cores of %i nodes commit what is proposed, also one by one", (nodes) => {
  const cluster = new CoreCluster(nodes);
  const commands = Array.from({ length: 5 }, () => new Uint8Array(100));
  cluster.timesSteps = true;
  // It throws unless the leader has applied them all.
  cluster.commit(commands);
  cluster.commit(commands, false);
  const { leader, follower } = cluster.stepMs();
  expect(leader).toBeGreaterThan(0);
  expect(follower > 0).toBe(nodes > 1);
});

test("without a snapshot there is no ratio", () => {
  const latencies = new SplitLatencies();
  latencies.record(1, false);
  const summary = summarize([sample(0, 0, []), sample(1000, 1, [])], latencies, 0);
  expect(summary.p99Ratio).toBeNull();
  expect(summaryText(summary)).toContain("between: unknown");
});

test("the chart has a line for each figure of each node", () => {
  const nodes = (diskBytes: number) => ["n1", "n2"].map((id) => nodeSample(id, { diskBytes }));
  const svg = drawChart([sample(0, 0, nodes(0)), sample(1000, 9, nodes(2 ** 20))]);
  expect(svg).toMatch(/^<svg /);
  for (const text of ["Writes a second", "Data directory, MiB", "Resident memory, MiB", "n2"]) {
    expect(svg).toContain(`>${text}<`);
  }
  // Writes, p50, p99, and four figures of two nodes.
  expect(svg.match(/<path [^>]*fill="none"[^>]*stroke-width="1.2"/g)).toHaveLength(3 + 4 * 2);
});
