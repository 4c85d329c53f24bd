// Which state answers a GET, and the index that every answer about keys tells.
import { describe, expect, onTestFinished, test } from "vitest";
import { ReadFailed } from "raftkit";
import { errorCode, parsed, send } from "./client.js";
import { startApi } from "./fixture.js";
import type { Api } from "./fixture.js";
import { allReady, ask, at, startCluster } from "./cluster-fixture.js";

async function start(): Promise<Api> {
  const api = await startApi();
  onTestFinished(() => api[Symbol.asyncDispose]());
  return api;
}

const message = (body: Buffer): string =>
  (JSON.parse(body.toString()) as { error: { message: string } }).error.message;

test("a GET asks the node for the consistency that it names, linearizable by default", async () => {
  const api = await start();
  const asked: unknown[] = [];
  api.kv.before = ({ consistency }) => void asked.push(consistency);
  for (const path of ["/v1/kv/a", "/v1/kv"]) {
    for (const query of [
      "",
      "?consistency=linearizable",
      "?consistency=lease",
      "?consistency=local",
      "?atLeast=0",
      "?atLeast=12",
    ]) {
      await send(api.at, "GET", path + query);
    }
    expect([path, asked.splice(0)]).toEqual([
      path,
      ["linearizable", "linearizable", "lease", "local", { atLeast: 0 }, { atLeast: 12 }],
    ]);
  }
});

describe("what isn't understood is refused with what is allowed", () => {
  const position = "allowed: an index, a whole number from 0";
  test.each([
    ["consistency=eventual", "bad_consistency", "allowed: linearizable, lease, local"],
    ["consistency=local&consistency=lease", "bad_parameter", "consistency is given twice"],
    ["consistency=local&atLeast=3", "bad_consistency", "can't be combined; give one of them"],
    ["atLeast=", "bad_parameter", `atLeast "" is not a position; ${position}`],
    ["atLeast=-1", "bad_parameter", position],
    ["atLeast=1e3", "bad_parameter", position],
    ["atLeast=9007199254740992", "bad_parameter", position],
    ["atLeast=1&atLeast=2", "bad_parameter", "atLeast is given twice"],
    ["atleast=1", "bad_parameter", "allowed: consistency, atLeast"],
  ])("%s", async (query, code, text) => {
    const api = await start();
    const answer = await send(api.at, "GET", `/v1/kv/a?${query}`);
    expect([answer.status, errorCode(answer)]).toEqual([400, code]);
    expect(message(answer.body)).toContain(text);
  });
});

test("every answer about keys tells an index at which it holds, refusals of the state machine too", async () => {
  const api = await start();
  const steps: readonly (readonly [
    method: string,
    path: string,
    status: number,
    index: string,
    headers?: Record<string, string>,
  ])[] = [
    ["GET", "/v1/kv/a", 404, "0"],
    ["PUT", "/v1/kv/a", 201, "1"],
    ["PUT", "/v1/kv/a", 412, "2", { "if-none-match": "*" }],
    ["GET", "/v1/kv/a", 200, "2"],
    ["GET", "/v1/kv/a", 304, "2", { "if-none-match": "*" }],
    ["GET", "/v1/kv", 200, "2"],
    ["DELETE", "/v1/kv/a", 200, "3"],
    ["DELETE", "/v1/kv/a", 404, "4"],
    ["GET", "/v1/kv/a", 404, "4"],
  ];
  for (const [method, path, status, index, headers = {}] of steps) {
    const answer = await send(api.at, method, path, { headers });
    expect([method, path, answer.status, answer.headers["raft-index"]]).toEqual([
      method,
      path,
      status,
      index,
    ]);
  }
});

test("a write that is sent again under its key tells an index that shows it, with the first time's answer", async () => {
  const api = await start();
  const { session } = parsed(await send(api.at, "POST", "/v1/sessions")) as { session: number };
  const headers = { "idempotency-key": `${session}-1` };
  const first = await send(api.at, "PUT", "/v1/kv/a", { body: "1", headers });
  const again = await send(api.at, "PUT", "/v1/kv/a", { body: "1", headers });
  expect(parsed(again)).toEqual(parsed(first));
  expect(Number(again.headers["raft-index"])).toBeGreaterThan(Number(first.headers["raft-index"]));
});

test("a node that doesn't get as far answers 503 behind, to be tried again", async () => {
  const api = await start();
  api.kv.before = () => {
    throw new ReadFailed("behind", "this node didn't get as far as index 99 in time");
  };
  const answer = await send(api.at, "GET", "/v1/kv/a?atLeast=99");
  expect([answer.status, errorCode(answer), answer.headers["retry-after"]]).toEqual([
    503,
    "behind",
    "1",
  ]);
  expect(answer.headers["raft-index"]).toBeUndefined();
});

test("three servers: with the index of a write any node shows it, without a leader too", async () => {
  await using cluster = await startCluster("tcp", "memory", "msgpack");
  await allReady(cluster);
  for (let i = 0; i < 3; i++) {
    const put = await ask(at(cluster, i), "PUT", "/v1/kv/a", { body: `${i}` });
    for (const other of [0, 1, 2]) {
      const query = `?atLeast=${String(put.headers["raft-index"])}`;
      const got = await ask(at(cluster, other), "GET", `/v1/kv/a${query}`);
      expect([got.status, got.body.toString()]).toEqual([200, `${i}`]);
      expect(Number(got.headers["raft-index"])).toBeGreaterThanOrEqual(
        Number(put.headers["raft-index"]),
      );
    }
  }
  await cluster.servers[1]?.close();
  await cluster.servers[2]?.close();
  const alone = await send(at(cluster, 0), "GET", "/v1/kv/a?consistency=local");
  expect([alone.status, alone.body.toString()]).toEqual([200, "2"]);
});
