// What /metrics says, and how it names it.
import { expect, onTestFinished, test } from "vitest";
import { NotProposed } from "raftkit";
import { Registry } from "prom-client";
import { createPrometheusInstruments } from "../src/prometheus-instruments.js";
import { startServer } from "../src/server.js";
import type { RunningServer } from "../src/server.js";
import { send } from "./client.js";
import { recordingLogger } from "./fixture.js";
import { freePorts } from "./process.js";
import { problemsOf } from "./prometheus-names.js";
import { settingsFor, start } from "./start.js";

/** A real node of this process and its page; ready, with its no-op applied. */
async function startReal(...args: string[]): Promise<{
  readonly server: RunningServer;
  /** The page now, line by line. */
  readonly page: () => Promise<readonly string[]>;
}> {
  const server = await startServer({
    settings: settingsFor("--storage=memory", ...args),
    logger: recordingLogger(),
  });
  onTestFinished(() => server.close());
  return {
    server,
    page: async () => (await send(server.http, "GET", "/metrics")).body.toString().split("\n"),
  };
}

async function ready({ server }: Awaited<ReturnType<typeof startReal>>): Promise<void> {
  await expect
    .poll(async () => (await send(server.http, "GET", "/readyz")).status, { timeout: 10_000 })
    .toBe(200);
}

function valueOf(page: readonly string[], series: string): number {
  const line = page.find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? "NaN");
}

test("metrics: the requests and the process, in a registry of this server alone", async () => {
  const { http, node } = await start();
  const other = await start();
  node.proposes = () => Promise.reject(new NotProposed("noLeader", "no leader"));
  await send(http, "PUT", "/v1/kv/a", { body: "1" });
  await send(http, "PROPFIND", "/v1/kv/a");
  await send(http, "GET", "/some/path");
  const answer = await send(http, "GET", "/metrics");
  expect(answer.headers["content-type"]).toContain("text/plain; version=0.0.4");
  const lines = answer.body.toString().split("\n");
  for (const line of [
    'http_requests_total{route="kv_item",method="PUT",status="503"} 1',
    'http_requests_total{route="kv_item",method="other",status="405"} 1',
    'http_requests_total{route="none",method="GET",status="404"} 1',
    'http_request_duration_seconds_count{route="kv_item",method="PUT"} 1',
    'http_request_duration_seconds_count{route="kv_item",method="other"} 1',
    "http_connections 1",
    "http_requests_under_way 1",
  ]) {
    expect(lines).toContain(line);
  }
  for (const name of [
    "nodejs_eventloop_delay_p50_seconds ",
    "nodejs_eventloop_delay_p99_seconds ",
    "nodejs_eventloop_delay_max_seconds ",
    "process_cpu_seconds_total ",
    "process_resident_memory_bytes ",
  ]) {
    expect(answer.body.toString()).toContain(`\n${name}`);
  }
  expect((await send(other.http, "GET", "/metrics")).body.toString()).not.toContain(
    'route="kv_item"',
  );
});

test("metrics: the node's figures are those of its status", async () => {
  const ports = await freePorts(2);
  const peers = `--peers=${ports.map((port, i) => `n${i + 1}=127.0.0.1:${port}`).join(",")}`;
  const servers = await Promise.all(
    ["n1", "n2"].map((id) =>
      // The leader mustn't change while the figures are compared, however busy the machine is.
      startReal(peers, "--alone=false", `--id=${id}`, "--election-timeout-ms=2000-3000"),
    ),
  );
  await Promise.all(servers.map(ready));
  const [leader, follower] = servers.toSorted(
    (a, b) =>
      Number(b.server.node.status().role === "leader") -
      Number(a.server.node.status().role === "leader"),
  );
  if (!leader || !follower) throw new Error("unreachable");
  const { node } = leader.server;
  const peer = follower.server.node.id;
  await send(leader.server.http, "PUT", "/v1/kv/a", { body: "1" });
  await send(leader.server.http, "GET", "/v1/kv/a");
  await expect.poll(() => node.status().peers[0]?.matchIndex).toBe(node.status().lastIndex);
  const before = node.status();
  const page = await leader.page();
  const after = node.status();
  expect(page).toEqual(
    expect.arrayContaining([
      "raftkit_up 1",
      `raftkit_term ${before.term}`,
      "raftkit_is_leader 1",
      "raftkit_has_leader 1",
      'raftkit_role{role="leader"} 1',
      'raftkit_role{role="follower"} 0',
      `raftkit_last_index ${before.lastIndex}`,
      `raftkit_durable_index ${before.durableIndex}`,
      `raftkit_commit_index ${before.commitIndex}`,
      `raftkit_applied_index ${before.lastApplied}`,
      "raftkit_apply_queue_length 0",
      `raftkit_log_size_bytes ${before.logBytes}`,
      `raftkit_log_limit_bytes ${before.maxLogBytes}`,
      "raftkit_log_full 0",
      "raftkit_disk_full 0",
      "raftkit_voters 2",
      "raftkit_bootstrap_missing 0",
      `raftkit_peer_match_index{peer="${peer}"} ${before.lastIndex}`,
      `raftkit_messages_dropped_total ${before.counters.messagesDropped}`,
      `raftkit_elections_started_total ${before.counters.electionsStarted}`,
      `raftkit_persists_total ${before.counters.persists}`,
      `raftkit_entries_applied_total ${before.counters.entriesApplied}`,
      'raftkit_proposals_total{outcome="applied"} 1',
      'raftkit_proposals_total{outcome="unknown"} 0',
      "raftkit_pending_proposals 0",
    ]),
  );
  for (const [series, from, to] of [
    ["raftkit_messages_sent_total", before.counters.messagesSent, after.counters.messagesSent],
    [
      "raftkit_messages_received_total",
      before.counters.messagesReceived,
      after.counters.messagesReceived,
    ],
    [
      "raftkit_messages_unsent_total",
      before.counters.messagesUnsent,
      after.counters.messagesUnsent,
    ],
  ] as const) {
    expect(valueOf(page, series)).toBeGreaterThanOrEqual(from);
    expect(valueOf(page, series)).toBeLessThanOrEqual(to);
  }
  expect(valueOf(page, `raftkit_peer_last_contact_seconds{peer="${peer}"}`)).toBeLessThan(10);
  expect(valueOf(page, 'raftkit_reads_total{outcome="answered"}')).toBeGreaterThanOrEqual(1);
  expect(await follower.page()).toContain("raftkit_is_leader 0");
});

test("metrics: a full log, what it refuses, and the snapshot that makes room again", async () => {
  const [port = 0] = await freePorts(1);
  const real = await startReal(
    `--peers=n1=127.0.0.1:${port}`,
    "--max-log-bytes=1048576",
    "--max-value-bytes=262144",
  );
  await ready(real);
  const put = async (): Promise<number> =>
    (await send(real.server.http, "PUT", "/v1/kv/a", { body: "x".repeat(250_000) })).status;
  // Four fit in the log: of several at once, most find it full.
  const statuses = await Promise.all(Array.from({ length: 12 }, put));
  const refused = statuses.filter((status) => status === 507).length;
  expect(refused).toBeGreaterThan(0);
  const page = await real.page();
  expect(page).toContain("raftkit_log_limit_bytes 1048576");
  expect(page).toContain(`raftkit_proposals_total{outcome="logFull"} ${refused}`);
  await expect.poll(put, { timeout: 10_000 }).toBe(200);
  await expect
    .poll(async () => (await real.page()).join(" "), { timeout: 10_000 })
    .toMatch(
      /raftkit_log_full 0 .*raftkit_snapshot_index [1-9]\d* .*raftkit_snapshot_size_bytes 2\d{5} /,
    );
});

test("a node that couldn't be opened leaves no metrics behind", async () => {
  const registry = new Registry();
  const instruments = createPrometheusInstruments(registry)({ id: "n1", clusterId: "test" });
  const instrument = { name: "raftkit.some", description: "Some." };
  instruments.counter(instrument, () => 1);
  instruments.gauge(instrument, () => 1);
  instruments.histogram({
    name: "raftkit.lasted",
    description: "Time.",
    unit: "s",
    boundaries: [1],
  });
  expect(registry.getMetricsAsArray().map(({ name }) => name)).toEqual([
    "raftkit_some_total",
    "raftkit_some",
    "raftkit_lasted_seconds",
  ]);
  instruments.close();
  expect(registry.getMetricsAsArray()).toEqual([]);
});

test("every name keeps to the rules that promtool check metrics applies", async () => {
  const [port = 0] = await freePorts(1);
  const real = await startReal(`--peers=n1=127.0.0.1:${port}`);
  await ready(real);
  await send(real.server.http, "PUT", "/v1/kv/a", { body: "1" });
  const text = (await real.page()).join("\n");
  expect(text.match(/^# TYPE /gm)?.length).toBeGreaterThan(30);
  expect(problemsOf(text)).toEqual([]);
});

test("those rules refuse what is wrong", () => {
  const cases: readonly (readonly [text: string, problem: string])[] = [
    ["# TYPE a gauge\na 1", "a: no help text"],
    ["# HELP a x\n# TYPE a counter\na 1", "a: a counter's name ends in _total"],
    [
      "# HELP a_total x\n# TYPE a_total gauge\na_total 1",
      "a_total: only a counter's name ends in _total",
    ],
    ['# HELP a x\n# TYPE a gauge\na{quantile="1"} 1', "a: only a summary has the label quantile"],
    ['# HELP a x\n# TYPE a gauge\na{le="1"} 1', "a: only a histogram has the label le"],
    ["# HELP a_ms x\n# TYPE a_ms gauge\na_ms 1", "a_ms: an abbreviated or derived unit, ms"],
    [
      "# HELP a_milliseconds x\n# TYPE a_milliseconds gauge\na_milliseconds 1",
      "a_milliseconds: an abbreviated or derived unit, milliseconds",
    ],
    ["# HELP a_gauge x\n# TYPE a_gauge gauge\na_gauge 1", "a_gauge: the name has its type in it"],
    ["# HELP aB x\n# TYPE aB gauge\naB 1", "aB: not snake_case"],
    [
      "# HELP a_count x\n# TYPE a_count gauge\na_count 1",
      "a_count: _count is a histogram's or summary's",
    ],
    ["a 1", "a: a sample of no family"],
    ["# HELP a x\n# TYPE a gauge\na 1\na 2", "a: a series that comes twice"],
    ["# HELP a x\n# TYPE a gauge\n# TYPE a gauge\na 1", "a: a TYPE that comes twice"],
    ["# TYPE a gauge\n# HELP a x\na 1", "a: HELP, TYPE and samples aren't in this order"],
    ["# HELP a x\na 1\n# TYPE a gauge", "a: HELP, TYPE and samples aren't in this order"],
    [
      '# HELP a x\n# TYPE a gauge\na 1\n# HELP z x\n# TYPE z gauge\nz 1\na{c="d"} 1',
      "a: samples that don't stand together",
    ],
  ];
  for (const [text, problem] of cases) expect(problemsOf(text)).toEqual([problem]);
});

test("durations of a real node: writes of the log, applies, commits, proposals, reads, elections", async () => {
  const [port = 0] = await freePorts(1);
  const real = await startReal(`--peers=n1=127.0.0.1:${port}`);
  await ready(real);
  for (let i = 0; i < 3; i++) await send(real.server.http, "PUT", "/v1/kv/a", { body: "1" });
  const page = await real.page();
  const [count, sum] = ["count", "sum"].map(
    (what) => (name: string) => valueOf(page, `raftkit_${name}_duration_seconds_${what}`),
  );
  expect(["propose", "commit", "apply", "election"].map((name) => count?.(name))).toEqual([
    3, 3, 3, 1,
  ]);
  expect(count?.("log_write")).toBeGreaterThanOrEqual(3);
  expect(count?.("read")).toBeGreaterThanOrEqual(1);
  expect(sum?.("propose")).toBeGreaterThanOrEqual(
    (sum?.("commit") ?? NaN) + (sum?.("apply") ?? NaN),
  );
});
