// /v1/cluster/members, over a node that says what the test tells it, and with real ones.
import { describe, expect, onTestFinished, test } from "vitest";
import { MembershipChangeFailed, NotReady } from "raftkit";
import type {
  ChangeMembershipOptions,
  Configuration,
  Members,
  MembershipChangeFailedReason,
  NodeStatus,
} from "raftkit";
import { errorCode, parsed, send } from "./client.js";
import type { Answer } from "./client.js";
import { allReady, ask, at, startCluster } from "./cluster-fixture.js";
import type { FakeNode } from "./fake-node.js";
import { recordingLogger } from "./fixture.js";
import { parseOptions } from "../src/cli/parse.js";
import { startServer } from "../src/server.js";
import { freePorts, temporaryDirectory } from "./process.js";
import { start } from "./start.js";

const PATH = "/v1/cluster/members";

const server = (id: string): Configuration["voters"][number] => {
  return { id, incarnation: `incarnation-of-${id}`, address: `at-${id}` };
};

const configuration: Configuration = {
  clusterInstance: "instance",
  voters: ["n1", "n2", "n3"].map(server),
  learners: [server("n4")],
  outgoing: [],
};

const now: Partial<NodeStatus> = {
  configuration,
  configurationIndex: 12,
  configurationCommitted: true,
};

interface Asked {
  readonly to: Members;
  readonly expected: ChangeMembershipOptions["expected"];
}

/** Notes each change; it is made at once. */
async function startNoting(): Promise<{ http: string; node: FakeNode; asked: Asked[] }> {
  const asked: Asked[] = [];
  const { http, node } = await start();
  node.now = now;
  node.changes = (to, options = {}) => {
    asked.push({ to, expected: options.expected });
    const { voters, learners = [] } = to;
    const made = { voters: voters.map(server), learners: learners.map(server) };
    const changed = { ...configuration, ...made };
    return Promise.resolve({ configuration: changed, configurationIndex: 15 });
  };
  return { http, node, asked };
}

const change = (http: string, body: unknown, headers = {}): Promise<Answer> =>
  send(http, "POST", PATH, { body: JSON.stringify(body), headers });

const message = (answer: Answer): string =>
  (parsed(answer) as { error: { message: string } }).error.message;

describe("GET", () => {
  test("names everybody with what they are, where their API is, and who waits", async () => {
    const { http, node } = await start();
    const waiting = { ...server("n5"), rejoin: false };
    node.now = { ...now, introductions: [waiting] };
    const shown = (id: string, role: string, api: string | null) => {
      return { ...server(id), role, http: api };
    };
    const members = [
      shown("n1", "voter", http),
      shown("n2", "voter", "127.0.0.1:8102"),
      shown("n3", "voter", null),
      shown("n4", "learner", null),
    ];
    expect(parsed(await send(http, "GET", PATH))).toEqual({
      index: 12,
      committed: true,
      leaderId: "n1",
      members,
      introduced: [waiting],
    });
    const outgoing = ["n1", "n0"].map(server);
    node.now = { ...now, configuration: { ...configuration, outgoing } };
    const { members: joint } = parsed(await send(http, "GET", PATH)) as typeof shown & {
      members: unknown;
    };
    expect(joint).toEqual([...members, shown("n0", "leaving", null)]);
    node.now = { configuration: undefined, configurationIndex: 0, leaderId: null };
    const none = parsed(await send(http, "GET", PATH));
    expect(none).toMatchObject({ index: 0, leaderId: null, members: [] });
  });
});

describe("POST", () => {
  test("hands on what the members are to be, and answers what they are", async () => {
    const { http, asked } = await startNoting();
    const answer = await change(http, { voters: ["n1", "n5"], learners: ["n2"], expected: 12 });
    expect([answer.status, parsed(answer)]).toEqual([
      200,
      { index: 15, voters: ["n1", "n5"], learners: ["n2"] },
    ]);
    expect((await change(http, { voters: ["n1"] })).status).toBe(200);
    expect(asked).toEqual([
      { to: { voters: ["n1", "n5"], learners: ["n2"] }, expected: 12 },
      { to: { voters: ["n1"], learners: undefined }, expected: undefined },
    ]);
  });

  test.each([
    [{ add: ["n5"] }, ["n1", "n2", "n3", "n5"], ["n4"]],
    [{ add: ["n4"] }, ["n1", "n2", "n3", "n4"], []],
    [{ add: ["n2"] }, ["n1", "n2", "n3"], ["n4"]],
    [{ remove: ["n2", "n4"] }, ["n1", "n3"], []],
    [{ add: ["n5", "n6"], remove: ["n1"] }, ["n2", "n3", "n5", "n6"], ["n4"]],
    [{ add: ["n5"], expected: 12 }, ["n1", "n2", "n3", "n5"], ["n4"]],
  ])("%j is meant for the members of now, and of no others", async (body, voters, learners) => {
    const { http, asked } = await startNoting();
    expect((await change(http, body)).status).toBe(200);
    expect(asked).toEqual([{ to: { voters, learners }, expected: 12 }]);
  });

  const ids = "allowed: a node's id, 1 to 64 of A-Z a-z 0-9 _ -";
  test.each([
    [{}, 400, "bad_parameter", "the body: allowed: either voters"],
    [{ learners: ["n2"] }, 400, "bad_parameter", "the body: allowed: either voters"],
    [{ voters: ["n1"], add: ["n2"] }, 400, "bad_parameter", "the body: allowed: either voters"],
    [{ voters: "n1" }, 400, "bad_parameter", 'voters: given "n1"; allowed: a list of ids'],
    [{ add: ["n1", 2] }, 400, "bad_parameter", `add.1: given 2; ${ids}`],
    [{ add: ["a b"] }, 400, "bad_parameter", `add.0: given "a b"; ${ids}`],
    [{ add: ["n5"], expected: -1 }, 400, "bad_parameter", "expected: given -1; allowed: the index"],
    [{ add: ["n5"], expected: "1" }, 400, "bad_parameter", 'expected: given "1"; allowed: the'],
    [{ ad: ["n5"] }, 400, "bad_parameter", 'unknown property "ad"; allowed: voters, learners, add'],
    [{ add: ["n5"], remove: ["n5"] }, 400, "duplicate", "n5 is in both add and remove"],
    [
      { remove: ["n2", "n7"] },
      404,
      "unknown_member",
      "n7 can't be removed: not a member; the members are n1, n2, n3, n4",
    ],
    [
      { add: ["n5"], expected: 11 },
      409,
      "stale",
      "this node knows the members of index 12, not of 11",
    ],
  ])("refuses %j, and changes nothing", async (body, status, code, text) => {
    const { http, asked } = await startNoting();
    const answer = await change(http, body);
    expect([answer.status, errorCode(answer)]).toEqual([status, code]);
    expect(message(answer)).toContain(text);
    expect(asked).toEqual([]);
  });

  test("add and remove wait for the change under way: nobody knows yet who the members are", async () => {
    const { http, node, asked } = await startNoting();
    node.now = { ...now, configurationCommitted: false };
    const answer = await change(http, { add: ["n5"] });
    expect([answer.status, errorCode(answer)]).toEqual([409, "change_in_progress"]);
    expect(message(answer)).toContain("index 12 isn't committed yet");
    expect(asked).toEqual([]);
  });

  test("add and remove wait for the end of a joint phase: whoever leaves is needed until then", async () => {
    const { http, node, asked } = await startNoting();
    const outgoing = ["n1", "n2", "n3", "n7"].map(server);
    node.now = { ...now, configuration: { ...configuration, outgoing } };
    const answer = await change(http, { remove: ["n7"] });
    expect([answer.status, errorCode(answer)]).toEqual([409, "change_in_progress"]);
    expect(asked).toEqual([]);
  });

  test("a node that lags first learns who is a member by now: nobody is unknown before", async () => {
    const { http, node, asked } = await startNoting();
    const latest = { ...configuration, learners: [server("n7")] };
    node.readies = () => {
      node.now = { ...now, configuration: latest, configurationIndex: 13 };
      return Promise.resolve();
    };
    const answer = await change(http, { remove: ["n7"] });
    expect(answer.status).toBe(200);
    expect(asked).toEqual([{ to: { voters: ["n1", "n2", "n3"], learners: [] }, expected: 13 }]);
  });

  test("a node that can't learn who is a member refuses with what it lacks, and changes nothing", async () => {
    const { http, node, asked } = await startNoting();
    const why = "node n1 isn't ready: no leader is known; n3 at at-n3 didn't answer";
    node.readies = () => Promise.reject(new NotReady("timeout", why));
    const answer = await change(http, { remove: ["n2"] });
    expect([answer.status, errorCode(answer)]).toEqual([503, "not_ready"]);
    expect(message(answer)).toBe(`${why}; nothing was changed`);
    expect(answer.headers["retry-after"]).toBe("1");
    expect(asked).toEqual([]);
  });

  test.each([
    ["aborted", "aborted"],
    ["closing", "closing"],
    ["failed", "failed"],
    ["overloaded", "overloaded"],
  ] as const)("while it waits for the members: %s is 503", async (reason, code) => {
    const { http, node } = await startNoting();
    node.readies = () => Promise.reject(new NotReady(reason, "why"));
    const answer = await change(http, { add: ["n5"] });
    expect([answer.status, errorCode(answer)]).toEqual([503, code]);
  });

  test("is for programs, and not for pages of other sites", async () => {
    const { http, asked } = await startNoting();
    const refused = await change(http, { add: ["n5"] }, { origin: "https://example.com" });
    expect([refused.status, errorCode(refused)]).toEqual([403, "forbidden_origin"]);
    expect(asked).toEqual([]);
  });

  const failed = (reason: MembershipChangeFailedReason, mayHappen = false): Error =>
    new MembershipChangeFailed(reason, "what happened, and what to do", {
      ids: [],
      mayHappen,
      configuration,
      configurationIndex: 12,
    });
  const refusals: Record<MembershipChangeFailedReason, readonly [number, string]> = {
    noVoter: [400, "no_voter"],
    duplicate: [400, "duplicate"],
    tooMany: [400, "too_many_members"],
    unknownServer: [409, "not_introduced"],
    stale: [409, "stale"],
    inProgress: [409, "change_in_progress"],
    notMember: [409, "not_a_member"],
    notCaughtUp: [409, "not_caught_up"],
    unreachable: [409, "unreachable"],
    noLeader: [503, "no_leader"],
    closing: [503, "closing"],
    failed: [503, "failed"],
    timeout: [503, "timeout"],
    aborted: [503, "aborted"],
  };
  test.each(Object.entries(refusals))(
    "%s: %j; 504 where it may still happen",
    async (reason, refusal) => {
      const { http, node } = await startNoting();
      node.changes = () => Promise.reject(failed(reason as MembershipChangeFailedReason));
      const answer = await change(http, { add: ["n5"] });
      expect([answer.status, errorCode(answer)]).toEqual(refusal);
      expect(message(answer)).toBe("what happened, and what to do");
      expect(answer.headers["retry-after"]).toBe(refusal[0] === 503 ? "1" : undefined);
      node.changes = () => Promise.reject(failed(reason as MembershipChangeFailedReason, true));
      const unknown = await change(http, { add: ["n5"] });
      expect([unknown.status, errorCode(unknown)]).toEqual([504, "change_unknown"]);
    },
  );

  const lines = { accept: "application/x-ndjson" };
  const linesIn = ({ body }: Answer): unknown[] =>
    body
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);

  test("with Accept: application/x-ndjson: what goes on, line by line, and how it ends", async () => {
    const { http, node } = await startNoting();
    const steps = [
      { step: "waiting", ids: ["n5"] },
      { step: "done", index: 15 },
    ] as const;
    node.changes = (_, options) => {
      for (const step of steps) options?.onProgress?.(step);
      return Promise.resolve({ configuration, configurationIndex: 15 });
    };
    const answer = await change(http, { add: ["n5"] }, lines);
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/x-ndjson"]);
    const done = { index: 15, voters: ["n1", "n2", "n3"], learners: ["n4"] };
    expect(linesIn(answer)).toEqual([...steps.map((progress) => ({ progress })), { done }]);
    node.changes = (_, options) => {
      options?.onProgress?.(steps[0]);
      return Promise.reject(failed("unknownServer"));
    };
    expect(linesIn(await change(http, { add: ["n5"] }, lines))).toEqual([
      { progress: steps[0] },
      { error: { code: "not_introduced", message: "what happened, and what to do" } },
    ]);
    // Refused at once: an answer like any other.
    node.changes = () => Promise.reject(failed("stale"));
    const refused = await change(http, { add: ["n5"] }, lines);
    expect([refused.status, errorCode(refused)]).toEqual([409, "stale"]);
  });

  test("a client that goes away ends the change that it asked for", async () => {
    const { http, node } = await startNoting();
    const client = new AbortController();
    const aborted = new Promise<void>((resolve) => {
      node.changes = (_, options) => {
        options?.signal?.addEventListener("abort", () => resolve());
        client.abort();
        return new Promise(() => undefined);
      };
    });
    const body = JSON.stringify({ add: ["n5"] });
    await send(http, "POST", PATH, { body, signal: client.signal }).catch(() => undefined);
    await aborted;
  });
});

test("a fourth server joins three, and one of them leaves", { timeout: 60_000 }, async () => {
  await using cluster = await startCluster("tcp", "memory", "msgpack");
  await allReady(cluster);
  await ask(at(cluster, 0), "PUT", "/v1/kv/before", { body: "1" });
  const [port] = await freePorts(1);
  const args = {
    id: "n4",
    address: `127.0.0.1:${port}`,
    join: cluster.servers[1]?.peer ?? "",
    http: "127.0.0.1:0",
    storage: "memory",
    data: temporaryDirectory(),
    "election-timeout-ms": "600-1200",
  };
  const flags = Object.entries(args).map(([flag, value]) => `--${flag}=${value}`);
  const settings = parseOptions(flags, {});
  if (typeof settings === "string") throw new Error("unreachable");
  const joiner = await startServer({ settings, logger: recordingLogger() });
  onTestFinished(() => joiner.close());
  expect(errorCode(await send(joiner.http, "GET", "/readyz"))).toBe("not_ready");
  const body = JSON.stringify({ add: ["n4"], remove: ["n3"] });
  const answer = await ask(at(cluster, 0), "POST", PATH, { body });
  expect([answer.status, parsed(answer)]).toMatchObject([200, { voters: ["n1", "n2", "n4"] }]);
  expect((await ask(joiner.http, "GET", "/v1/kv/before")).body.toString()).toBe("1");
  const again = await ask(at(cluster, 0), "POST", PATH, { body });
  expect([again.status, errorCode(again)]).toEqual([404, "unknown_member"]);
});
