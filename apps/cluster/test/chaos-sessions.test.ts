// Writes in sessions are sent again and again; a server that executes one twice is found out.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { checkHistory, keyValue } from "@raftkit/linearizability";
import type { KeyValueInput } from "@raftkit/linearizability";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkSessions } from "../src/chaos/checks/run-observations.js";
import { createRandom } from "../src/chaos/random.js";
import type { KeyValueOperation } from "../src/chaos/workload/history.js";
import { createCaller } from "../src/chaos/workload/http-call.js";
import { sessionSender } from "../src/chaos/workload/sender.js";
import type { Send, SessionCounts } from "../src/chaos/workload/sender.js";

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Cluster {
  readonly send: Send;
  readonly counts: SessionCounts;
  /** What was executed, in order, as `put a v1`. */
  readonly executed: readonly string[];
  /** Keys that came, with each request. */
  readonly keys: readonly string[];
}

/** A server that keeps answers by key. @param decide what it does with the nth request for a key */
async function cluster(
  decide: (request: number) => "keep" | "again" | "lose" | "refuse",
): Promise<Cluster> {
  const executed: string[] = [];
  const keys: string[] = [];
  const answers = new Map<string, Answer>();
  const execute = (line: string): Answer => {
    executed.push(line);
    return { status: executed.length === 1 ? 201 : 200, body: `{"index":${10 + executed.length}}` };
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      if (request.method === "POST") return void response.writeHead(201).end('{"session":7}');
      const key = String(request.headers["idempotency-key"]);
      keys.push(key);
      const what = decide(keys.filter((one) => one === key).length);
      if (what === "refuse") {
        return void response.writeHead(503).end('{"error":{"code":"no_leader"}}');
      }
      const kept = what === "again" ? undefined : answers.get(key);
      const answer = kept ?? execute(`${request.method} ${request.url} ${body}`);
      answers.set(key, answer);
      if (what === "lose") request.socket.destroy();
      else response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const caller = createCaller(20_000);
  onTestFinished(() => {
    caller.close();
    server.close();
    server.closeAllConnections();
  });
  const counts: SessionCounts = {
    opened: 0,
    writes: 0,
    repeats: 0,
    answeredRepeats: 0,
    disagreements: [],
  };
  const options = {
    addresses: [`127.0.0.1:${(server.address() as AddressInfo).port}`],
    random: createRandom(5),
    caller,
    now: () => performance.now(),
    onAcknowledged: () => undefined,
  };
  return { send: sessionSender(options, counts), counts, executed, keys };
}

const write = (value: number): KeyValueInput => ({ op: "put", key: "a", value: `v${value}` });

async function writeMany({ send }: Cluster, count: number): Promise<KeyValueOperation[]> {
  const operations: KeyValueOperation[] = [];
  for (let i = 1; i <= count; i++) {
    const input = write(i);
    const invoked = performance.now();
    const { outcome, completed } = await send(input);
    operations.push(
      outcome.kind === "done"
        ? { client: "c", invoked, completed, input, output: outcome.output }
        : { client: `c${i}`, invoked, completed: Infinity, input },
    );
  }
  return operations;
}

describe("a write in a session", () => {
  test("is sent two times at least under a number of its own, and earlier ones again, with one answer each", async () => {
    const one = await cluster(() => "keep");
    const operations = await writeMany(one, 40);
    expect(one.executed).toHaveLength(40);
    const times = Array.from(
      { length: 40 },
      (_, i) => one.keys.filter((key) => key === `7-${i + 1}`).length,
    );
    expect(Math.min(...times)).toBeGreaterThanOrEqual(2);
    // Beyond the two or three of the moment: once more later on.
    expect(one.keys.length).toBeGreaterThan(40 * 2);
    expect(one.counts).toMatchObject({
      opened: 1,
      writes: 40,
      repeats: one.keys.length - 40,
      answeredRepeats: one.keys.length - 40,
    });
    expect(checkSessions(one.counts)).toMatchObject({ name: "session writes once", ok: true });
    expect(checkHistory(operations, keyValue).kind).toBe("ok");
  });

  test.each(["lose", "refuse"] as const)(
    "has the answer of a later request where the first was one to %s",
    async (first) => {
      const one = await cluster((request) => (request === 1 ? first : "keep"));
      const operations = await writeMany(one, 10);
      expect(one.executed).toHaveLength(10);
      expect(operations.map(({ output }) => output)).toEqual(
        Array.from({ length: 10 }, (_, i) => ({ ok: true, version: 11 + i, existed: i > 0 })),
      );
      expect(one.counts.disagreements).toEqual([]);
    },
  );

  test("is refused only if every request was, and unknown if one may have been carried out", async () => {
    const refused = await (await cluster(() => "refuse")).send(write(1));
    expect(refused.outcome).toEqual({ kind: "refused", why: "no_leader" });
    const lost = await cluster((request) => (request === 2 ? "lose" : "refuse"));
    expect((await lost.send(write(1))).outcome.kind).toBe("unknown");
  });

  test("that is executed twice is found by its answers", async () => {
    const one = await cluster(() => "again");
    await writeMany(one, 3);
    expect(checkSessions(one.counts)).toEqual({
      name: "session writes once",
      ok: false,
      detail: expect.stringMatching(
        /^put of "a" under 7-1: n1 answered \{"ok":true,"version":11,"existed":false\}, n1 \{"ok":true,"version":12,"existed":true\}/,
      ) as string,
    });
  });
});

test("a run in which no repeat was answered has shown nothing", () => {
  const none = { opened: 1, writes: 9, repeats: 9, answeredRepeats: 0, disagreements: [] };
  expect(checkSessions(none).ok).toBe(false);
});
