// POST /v1/cluster/*: for operators and their programs.
import { describe, expect, onTestFinished, test } from "vitest";
import { TransferFailed } from "raftkit";
import type { TransferFailedReason } from "raftkit";
import { startServer } from "../src/server.js";
import { errorCode, parsed, send } from "./client.js";
import { allReady, ask, at, startCluster } from "./cluster-fixture.js";
import { fakeNode } from "./fake-node.js";
import { recordingLogger } from "./fixture.js";
import { settingsFor, start } from "./start.js";

test.each(["/v1/cluster/snapshot", "/v1/cluster/transfer"])(
  "%s is for programs, and not for pages of other sites",
  async (path) => {
    const { http, node } = await start();
    let asked = 0;
    node.transfers = () => Promise.resolve({ leaderId: "n2", term: ++asked });
    for (const origin of ["https://example.com", "null"]) {
      const refused = await send(http, "POST", path, { headers: { origin } });
      expect([refused.status, errorCode(refused)]).toEqual([403, "forbidden_origin"]);
    }
    expect(asked).toBe(0);
    expect((await send(http, "POST", path)).status).toBe(200);
  },
);

test("a snapshot is taken", async () => {
  const server = await startServer({
    settings: settingsFor("--storage=memory", "--transport=memory"),
    logger: recordingLogger(),
  });
  onTestFinished(() => server.close());
  const { http } = server;
  await expect
    .poll(async () => (await send(http, "GET", "/readyz")).status, { timeout: 10_000 })
    .toBe(200);
  expect((await send(http, "POST", "/v1/cluster/snapshot")).status).toBe(200);
});

describe("POST /v1/cluster/transfer", () => {
  test("asks for whom it names, or for anybody, and answers who leads", async () => {
    const asked: (string | null | undefined)[] = [];
    const { http, node } = await start();
    node.transfers = (to) => {
      asked.push(to);
      return Promise.resolve({ leaderId: to ?? "n3", term: 7 });
    };
    for (const body of [undefined, "", "{}", '{"to":null}', '{ "to": "n2" }']) {
      const answer = await send(
        http,
        "POST",
        "/v1/cluster/transfer",
        body === undefined ? {} : { body },
      );
      const leaderId = body?.includes("n2") === true ? "n2" : "n3";
      expect([body, answer.status, parsed(answer)]).toEqual([body, 200, { leaderId, term: 7 }]);
    }
    expect(asked).toEqual([null, null, null, null, "n2"]);
  });

  test.each([
    ["{", "bad_request", "the body is not JSON: "],
    ["[]", "bad_parameter", "the body: given []; allowed: an object with to"],
    ['"n2"', "bad_parameter", 'the body: given "n2"; allowed: an object with to'],
    ['{"node":"n2"}', "bad_parameter", 'the body: unknown property "node"; allowed: to'],
    ['{"to":2}', "bad_parameter", "to: given 2; allowed: a node's id, 1 to 64 of A-Z a-z 0-9 _ -"],
    ['{"to":"a b"}', "bad_parameter", 'to: given "a b"; allowed: a node\'s id'],
    [`{"to":"${"x".repeat(70_000)}"}`, "too_large", "the body is larger than 65536 bytes"],
  ])("refuses %.20s and asks for nothing", async (body, code, text) => {
    const { http, node } = await start();
    node.transfers = () => Promise.reject(new Error("asked"));
    const answer = await send(http, "POST", "/v1/cluster/transfer", { body });
    expect([answer.status, errorCode(answer)]).toEqual([code === "too_large" ? 413 : 400, code]);
    expect(answer.body.toString()).toContain(JSON.stringify(text).slice(1, -1));
  });

  const refusals: Record<TransferFailedReason, readonly [status: number, code: string]> = {
    unknownServer: [404, "unknown_member"],
    notVoter: [409, "not_a_voter"],
    noOtherVoter: [409, "no_other_voter"],
    inProgress: [409, "transfer_in_progress"],
    noLeader: [503, "no_leader"],
    behind: [503, "transfer_called_off"],
    closing: [503, "closing"],
    failed: [503, "failed"],
    unreachable: [504, "transfer_unknown"],
    notElected: [504, "transfer_unknown"],
    noAnswer: [504, "transfer_unknown"],
    timeout: [504, "transfer_unknown"],
    aborted: [504, "transfer_unknown"],
  };
  test.each(Object.entries(refusals))(
    "%s: %j, with the node's own words",
    async (reason, refusal) => {
      const node = fakeNode();
      node.transfers = () =>
        Promise.reject(new TransferFailed(reason as TransferFailedReason, "what to do"));
      const { http } = await start(node);
      const answer = await send(http, "POST", "/v1/cluster/transfer");
      expect([answer.status, errorCode(answer)]).toEqual(refusal);
      expect(answer.body.toString()).toContain("what to do");
      expect(answer.headers["retry-after"]).toBe(refusal[0] === 503 ? "1" : undefined);
    },
  );

  test("moves the leadership of three servers, asked at whatever node", async () => {
    await using cluster = await startCluster("tcp", "memory", "msgpack");
    await allReady(cluster);
    for (const [asked, to] of ["n2", "n3", "n1"].entries()) {
      const answer = await ask(at(cluster, asked), "POST", "/v1/cluster/transfer", {
        body: JSON.stringify({ to }),
      });
      expect([answer.status, parsed(answer)]).toEqual([
        200,
        { leaderId: to, term: expect.any(Number) },
      ]);
    }
    const stranger = { body: '{"to":"n9"}' };
    const refused = await ask(at(cluster, 0), "POST", "/v1/cluster/transfer", stranger);
    expect([refused.status, errorCode(refused)]).toEqual([404, "unknown_member"]);
  });
});
