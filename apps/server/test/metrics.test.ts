// What /metrics says, and how it names it.
import { expect, onTestFinished, test } from "vitest";
import { NotProposed } from "raftkit";
import { startServer } from "../src/server.js";
import { send } from "./client.js";
import { recordingLogger } from "./fixture.js";
import { freePorts } from "./process.js";
import { problemsOf } from "./prometheus-names.js";
import { settingsFor, start } from "./start.js";

test("metrics: the node's figures and the requests, in a registry of this server alone", async () => {
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
    "raftkit_term 2",
    "raftkit_is_leader 1",
    "raftkit_has_leader 1",
    "raftkit_up 1",
    "raftkit_last_index 5",
    "raftkit_durable_index 4",
    "raftkit_commit_index 4",
    "raftkit_applied_index 3",
    "raftkit_log_bytes 1000",
    "raftkit_voters 0",
    'raftkit_role{role="leader"} 1',
    'raftkit_role{role="follower"} 0',
    'raftkit_peer_match_index{peer="n2"} 4',
    'raftkit_peer_last_contact_seconds{peer="n2"} 0.01',
    "raftkit_messages_sent_total 1",
    "raftkit_messages_received_total 2",
    "raftkit_messages_dropped_total 3",
    "raftkit_elections_started_total 4",
    "raftkit_persists_total 5",
    "raftkit_entries_applied_total 6",
    "raftkit_proposals_total 7",
    "raftkit_reads_total 8",
    "raftkit_log_max_bytes 1000000",
    "raftkit_log_full 0",
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

test("every name keeps to the rules that promtool check metrics applies", async () => {
  const { http, node } = await start();
  node.proposes = () => Promise.reject(new NotProposed("noLeader", "no leader"));
  await send(http, "PUT", "/v1/kv/a", { body: "1" });
  const text = (await send(http, "GET", "/metrics")).body.toString();
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
  ];
  for (const [text, problem] of cases) expect(problemsOf(text)).toEqual([problem]);
});

test("durations of a real node: writes of the log, applies, commits", async () => {
  const [port = 0] = await freePorts(1);
  const server = await startServer({
    settings: settingsFor("--storage=memory", `--peers=n1=127.0.0.1:${port}`),
    logger: recordingLogger(),
  });
  onTestFinished(() => server.close());
  await expect
    .poll(async () => (await send(server.http, "GET", "/readyz")).status, { timeout: 10_000 })
    .toBe(200);
  for (let i = 0; i < 3; i++) await send(server.http, "PUT", "/v1/kv/a", { body: "1" });
  const text = (await send(server.http, "GET", "/metrics")).body.toString();
  const value = (name: string): number =>
    Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1] ?? "NaN");
  expect(value("raftkit_commit_duration_seconds_count")).toBe(3);
  expect(value("raftkit_apply_duration_seconds_count")).toBe(3);
  expect(value("raftkit_log_write_duration_seconds_count")).toBeGreaterThanOrEqual(3);
  expect(value("raftkit_commit_duration_seconds_sum")).toBeGreaterThanOrEqual(
    value("raftkit_apply_duration_seconds_sum"),
  );
});
