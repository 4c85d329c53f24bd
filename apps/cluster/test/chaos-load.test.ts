// What the load sends and what it makes of answers: nothing may be taken for certain that isn't.
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { KeyValueInput } from "@raftkit/linearizability";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createCaller } from "../src/chaos/workload/http-call.js";
import { createKeys } from "../src/chaos/workload/keys.js";
import { callOf, outcomeOf } from "../src/chaos/workload/operations.js";
import type { Outcome } from "../src/chaos/workload/operations.js";
import { createTally } from "../src/chaos/workload/tally.js";
import { bodyOf, nameOf, valueName } from "../src/chaos/workload/values.js";

const write: KeyValueInput = { op: "put", key: "k", value: "v1" };

const TIMEOUT_MS = 20_000;

async function outcome(input: KeyValueInput, answer: RequestListener): Promise<Outcome> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const caller = createCaller(TIMEOUT_MS);
  onTestFinished(() => {
    caller.close();
    server.close();
    server.closeAllConnections();
  });
  return outcomeOf(
    input,
    await caller.call(`127.0.0.1:${(server.address() as AddressInfo).port}`, callOf(input)),
  );
}

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  };

describe("an answer", () => {
  const at = { expected: { version: 4 } };
  test.each<readonly [string, KeyValueInput, RequestListener, Outcome]>([
    [
      "a new key",
      write,
      answering(201, '{"index":7}\n'),
      { kind: "done", output: { ok: true, version: 7, existed: false }, version: 7 },
    ],
    [
      "a changed key",
      write,
      answering(200, '{"index":7}\n'),
      { kind: "done", output: { ok: true, version: 7, existed: true }, version: 7 },
    ],
    [
      "a condition that fails",
      { ...write, ...at },
      answering(412, "{}", { etag: '"9"' }),
      { kind: "done", output: { ok: false, version: 9 }, version: 9 },
    ],
    [
      "a condition on nothing",
      { ...write, ...at },
      answering(412, "{}"),
      { kind: "done", output: { ok: false, version: null }, version: undefined },
    ],
    [
      "a deletion",
      { op: "delete", key: "k" },
      answering(200, '{"index":8}'),
      { kind: "done", output: { ok: true, version: 8, existed: true }, version: undefined },
    ],
    [
      "a deletion of nothing",
      { op: "delete", key: "k" },
      answering(404, "{}"),
      { kind: "done", output: { ok: true, existed: false }, version: undefined },
    ],
    [
      "a value",
      { op: "get", key: "k" },
      answering(200, "v1", { etag: '"7"' }),
      { kind: "done", output: { value: "v1", version: 7 }, version: 7 },
    ],
    [
      "no value",
      { op: "get", key: "k" },
      answering(404, "{}"),
      { kind: "done", output: null, version: undefined },
    ],
    [
      "not now",
      write,
      answering(503, '{"error":{"code":"no_leader","message":""}}'),
      { kind: "refused", why: "no_leader" },
    ],
    [
      "no room in the log",
      write,
      answering(507, '{"error":{"code":"log_full","message":""}}'),
      { kind: "refused", why: "log_full" },
    ],
    [
      "perhaps",
      write,
      answering(504, '{"error":{"code":"outcome_unknown","message":""}}'),
      { kind: "unknown", why: "outcome_unknown" },
    ],
    [
      "a condition that wasn't set",
      write,
      answering(412, "{}"),
      { kind: "wrong", why: "put answered 412 {}" },
    ],
    [
      "an error of the server's own",
      write,
      answering(500, "oh"),
      { kind: "wrong", why: "put answered 500 oh" },
    ],
    [
      "a value without a version",
      { op: "get", key: "k" },
      answering(200, "v1"),
      { kind: "wrong", why: "get answered 200 v1" },
    ],
  ])("of %s", async (_, input, answer, expected) =>
    expect(await outcome(input, answer)).toEqual(expected),
  );

  test("that never comes is unknown: the write was sent", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    // The time is over when the request has come.
    const late = (): void => void vi.advanceTimersByTime(TIMEOUT_MS);
    expect(await outcome(write, late)).toEqual({ kind: "unknown", why: "timeout" });
  });

  test("that breaks off, before or in the middle, is unknown", async () => {
    expect(await outcome(write, (request) => void request.socket.destroy())).toMatchObject({
      kind: "unknown",
    });
    expect(
      await outcome(write, (_, response) => {
        response
          .writeHead(200, { "content-length": "100" })
          .write('{"index":7}', () => response.destroy());
      }),
    ).toMatchObject({ kind: "unknown" });
  });

  test("of nobody is a refusal: nothing was sent", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await createCaller(TIMEOUT_MS).call(`127.0.0.1:${port}`, callOf(write))).toEqual({
      kind: "refused",
      why: "ECONNREFUSED",
    });
  });
});

describe("a request", () => {
  test("carries its condition", () => {
    const headers = (expected: "absent" | "present" | { readonly version: number }): unknown =>
      callOf({ ...write, op: "put", expected }).headers;
    expect([
      headers("absent"),
      headers("present"),
      headers({ version: 4 }),
      callOf(write).headers,
    ]).toEqual([{ "if-none-match": "*" }, { "if-match": "*" }, { "if-match": '"4"' }, {}]);
  });
});

test("values are told by their names; what isn't a value as it was written is nobody's", () => {
  for (const number of [1, 12, 24, 25]) {
    expect(nameOf(bodyOf(valueName(number)))).toBe(valueName(number));
  }
  expect(new Set([1, 12].map((number) => bodyOf(valueName(number)).length)).size).toBe(2);
  const cut = bodyOf(valueName(12)).slice(0, -1);
  expect(nameOf(cut)).toBe(cut);
});

test("keys are worked on for a while, then given up for new ones; none is ever forgotten", () => {
  const keys = createKeys(2);
  const first = keys.pick(0);
  expect(keys.pick(0.4)).toBe(first);
  expect(keys.pick(0.5)).not.toBe(first);
  first.unknown = 6;
  const next = keys.pick(0);
  expect(next).not.toBe(first);
  for (let i = 0; i < 199; i++) expect(keys.pick(0)).toBe(next);
  expect(keys.pick(0)).not.toBe(next);
  expect(new Set(keys.names).size).toBe(4);
});

test("the tally counts by second, and finds the times without an acknowledged write", () => {
  const tally = createTally();
  tally.add(100, "done", true, 10);
  tally.add(900, "done", true, 30);
  tally.add(2500, "done", false, 2);
  tally.add(2600, "unknown", true, 1500);
  tally.add(4000, "done", true, 20);
  expect(
    tally
      .seconds()
      .map(({ counts: { done, unknown }, p50Ms, p99Ms }) => [done, unknown, p50Ms, p99Ms]),
  ).toEqual([
    [2, 0, 10, 30],
    [0, 0, null, null],
    [1, 1, 2, 2],
    [0, 0, null, null],
    [1, 0, 20, 20],
  ]);
  expect(tally.outages(1000, 5500)).toEqual([
    { fromMs: 900, toMs: 4000 },
    { fromMs: 4000, toMs: 5500 },
  ]);
  expect([tally.totals(), tally.percentileMs(0.5), tally.percentileMs(0.99)]).toEqual([
    { done: 4, refused: 0, unknown: 1, wrong: 0 },
    10,
    30,
  ]);
});
