import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { stripVTControlCharacters, styleText } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { listenForControl } from "../src/supervisor/control-api.js";
import {
  changeMembers,
  changeNode,
  listNodes,
  restartAll,
  statusTable,
} from "../src/cli/control-client.js";
import { ClusterError } from "../src/errors.js";
import { addFaults } from "../src/supervisor/fault-routes.js";
import { Links } from "../src/supervisor/links.js";
import { layOut } from "../src/supervisor/layout.js";
import type { NodePlace } from "../src/supervisor/layout.js";
import { agreedLeader, latestLeader } from "../src/supervisor/node-status.js";
import type { MemberCommands } from "../src/supervisor/member-commands.js";
import type { ProcessState } from "../src/supervisor/supervised-process.js";
import type { Supervisor } from "../src/supervisor/supervisor.js";

const threePlaces = layOut({ nodes: 3, httpBase: 1, peerBase: 100, data: "data" });

/** Remembers what was asked of it. */
function fakeSupervisor(
  places: readonly NodePlace[] = threePlaces,
): Supervisor & { readonly asked: string[] } {
  const asked: string[] = [];
  const states: Record<string, ProcessState> = {};
  return {
    asked,
    nodes: () =>
      places.map((place) => ({
        place,
        state: states[place.id] ?? "running",
        pid: 40 + place.number,
        reason: null,
        diskDelayMs: 0,
      })),
    startAll: async () => {},
    kill: async (id) => {
      if (states[id] === "killed") {
        throw new ClusterError("NOT_RUNNING", `${id} isn't running`, { status: 409 });
      }
      asked.push(`kill ${id}`);
      states[id] = "killed";
    },
    pause: () => {},
    resume: () => {},
    cutOff: () => {},
    slowDisk: (id, delayMs) => void asked.push(`disk ${id} ${delayMs}`),
    restart: async (id) => void asked.push(`restart ${id}`),
    add: async () => {},
    remove: async () => {},
    stop: async () => {},
    killAll: () => {},
  };
}

/** Tells what was asked; of n3 that it isn't possible. */
function fakeMembers(): MemberCommands {
  const answer =
    (what: string) =>
    async (id: string, say: (line: string) => void): Promise<string> => {
      say(`${what} ${id}: first`);
      if (id === "n3") throw new ClusterError("REFUSED", "n3 didn't answer; is it up?");
      say(`${what} ${id}: second`);
      return `${what} ${id}: done`;
    };
  return {
    underWay: null,
    add: (say) => answer("add")("n4", say),
    remove: answer("remove"),
    replace: answer("replace"),
    wipe: answer("wipe"),
    rollingRestart: (say) => answer("rolling-restart")("all", say),
    transfer: async (to) => ({ leaderId: to ?? "n2", term: 8 }),
  };
}

/** Nobody will lead: that needn't take long. */
const LEADER_TIMEOUT_MS = 100;

async function serve(
  haveDisks = true,
): Promise<{ port: number; supervisor: ReturnType<typeof fakeSupervisor> }> {
  const supervisor = fakeSupervisor();
  const targets = { supervisor, links: new Links(supervisor), haveDisks };
  const control = await listenForControl(supervisor, fakeMembers(), {
    port: 0,
    leaderTimeoutMs: LEADER_TIMEOUT_MS,
    addRoutes: (app, resolveNode) => addFaults(app, resolveNode, targets, () => {}),
  });
  onTestFinished(() => control.close());
  return { port: control.port, supervisor };
}

/** `fetch` doesn't let a test choose the Host header. */
function ask(
  port: number,
  method: string,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: "127.0.0.1", method, path, headers }, (response) => {
      let body = "";
      response
        .setEncoding("utf8")
        .on("data", (text: string) => (body += text))
        .on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    });
    outgoing.once("error", reject).end();
  });
}

const json = { "content-type": "application/json" };

describe("the control API", () => {
  test("lists the nodes, with no status for one that doesn't answer", async () => {
    const { port } = await serve();
    const nodes = await listNodes(port);
    expect(
      nodes.map(({ number, id, pid, state, status }) => [number, id, pid, state, status]),
    ).toEqual([
      [1, "n1", 41, "running", null],
      [2, "n2", 42, "running", null],
      [3, "n3", 43, "running", null],
    ]);
  });

  test("kills and restarts a node by number and by id", async () => {
    const { port, supervisor } = await serve();
    expect(await changeNode(port, "2", "kill")).toMatchObject({ id: "n2", state: "killed" });
    await changeNode(port, "n2", "restart");
    expect(supervisor.asked).toEqual(["kill n2", "restart n2"]);
  });

  test("tells line by line how a change of the members goes, and how it ends", async () => {
    const { port } = await serve();
    const said: string[] = [];
    const say = (line: string): void => void said.push(line);
    expect(await changeMembers(port, null, "add", say)).toBe("add n4: done");
    expect(await changeMembers(port, "2", "replace", say)).toBe("replace n2: done");
    expect(said).toEqual([
      "add n4: first",
      "add n4: second",
      "replace n2: first",
      "replace n2: second",
    ]);
    await expect(changeMembers(port, "n3", "wipe", say)).rejects.toThrow(
      "n3 didn't answer; is it up?",
    );
    expect(said.at(-1)).toBe("wipe n3: first");
    expect(await restartAll(port, say)).toBe("rolling-restart all: done");
    await expect(changeMembers(port, "7", "remove", say)).rejects.toThrow(
      'there is no node "7"; there are n1, n2, n3 (or their numbers, or leader)',
    );
  });

  test("waits until there is a leader where a command names it", async () => {
    let asked = 0;
    const indexes = { lastIndex: 1, commitIndex: 1, lastApplied: 1 };
    const node = createServer((_, response) => {
      const leaderId = ++asked < 3 ? null : "n1";
      response.end(JSON.stringify({ role: "follower", term: 2, leaderId, ...indexes }));
    });
    await new Promise<void>((resolve) => node.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void node.close());
    const httpBase = (node.address() as AddressInfo).port - 1;
    const supervisor = fakeSupervisor(layOut({ nodes: 1, httpBase, peerBase: 1, data: "data" }));
    const control = await listenForControl(supervisor, fakeMembers(), { port: 0 });
    onTestFinished(() => control.close());
    expect(await changeNode(control.port, "leader", "kill")).toMatchObject({ id: "n1" });
    expect(supervisor.asked).toEqual(["kill n1"]);
  });

  test("answers what it can't do with one line", async () => {
    const { port } = await serve();
    await expect(changeNode(port, "9", "kill")).rejects.toThrow(
      'there is no node "9"; there are n1, n2, n3 (or their numbers, or leader)',
    );
    await expect(changeNode(port, "leader", "kill")).rejects.toThrow(
      "no running node leads at the moment; try again",
    );
    await changeNode(port, "1", "kill");
    await expect(changeNode(port, "1", "kill")).rejects.toThrow("n1 isn't running");
    await changeNode(port, "2", "kill");
    await expect(changeNode(port, "leader", "kill")).rejects.toThrow(
      "no node leads: 1 of 3 is running, and a leader needs 2; restart one first",
    );
    const codes: [number, unknown][] = [];
    for (const [method, path] of [
      ["POST", "/v1/nodes/1/kill"],
      ["POST", "/v1/nodes/9/kill"],
      ["POST", "/v1/nodes/leader/kill"],
      // No server is there.
      ["POST", "/v1/nodes/1/snapshot"],
      ["GET", "/nowhere"],
    ] as const) {
      const { status, body } = await ask(port, method, path, json);
      codes.push([status, JSON.parse(body).error.code]);
    }
    expect(codes).toEqual([
      [409, "not_running"],
      [404, "unknown_node"],
      [409, "no_leader"],
      [502, "unreachable"],
      [404, "not_found"],
    ]);
  });

  test.each([
    ["a name that was pointed at this machine", 403, { ...json, host: "evil.example" }],
    ["another port's Host", 403, { ...json, host: "127.0.0.1:1" }],
    ["a page from elsewhere", 403, { ...json, origin: "http://evil.example" }],
    ["a form of a page, which can't send JSON", 415, { "content-type": "text/plain" }],
    ["no content type", 415, {}],
    ["a content type that only begins like JSON", 415, { "content-type": "application/json-not" }],
  ])("changes nothing for %s", async (_, status, headers) => {
    const { port, supervisor } = await serve();
    const answer = await ask(port, "POST", "/v1/nodes/1/kill", headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "bad_request" } });
    expect(supervisor.asked).toEqual([]);
  });

  test("shows nothing to a name that was pointed at this machine", async () => {
    const { port } = await serve();
    expect((await ask(port, "GET", "/v1/nodes", { host: "evil.example" })).status).toBe(403);
  });

  test("checks who asks before any route that is added", async () => {
    const asked: string[] = [];
    const control = await listenForControl(fakeSupervisor(), fakeMembers(), {
      port: 0,
      addRoutes: (app) =>
        app.all("/more", ({ req, text }) => (asked.push(req.method), text("done"))),
    });
    onTestFinished(() => control.close());
    const status = async (method: string, headers: Record<string, string>): Promise<number> =>
      (await ask(control.port, method, "/more", headers)).status;
    expect(await status("GET", { host: "evil.example" })).toBe(403);
    expect(await status("GET", { origin: "http://evil.example" })).toBe(403);
    expect(await status("PUT", { ...json, origin: "null" })).toBe(403);
    expect(await status("POST", {})).toBe(415);
    expect(asked).toEqual([]);
    expect(await status("POST", json)).toBe(200);
  });

  test.each([
    [true, { delayMs: 300 }, 200, ["disk n2 300"]],
    [true, { delayMs: -1 }, 400, []],
    [true, { delayMs: 10_001 }, 400, []],
    [true, {}, 400, []],
    // Its nodes keep everything in memory.
    [false, { delayMs: 300 }, 409, []],
  ])("slows a disk (is there one: %s) by %o: %i", async (haveDisks, body, status, asked) => {
    const { port, supervisor } = await serve(haveDisks);
    const answer = await fetch(`http://127.0.0.1:${port}/v1/nodes/2/disk`, {
      method: "POST",
      headers: json,
      body: JSON.stringify(body),
    });
    expect([answer.status, supervisor.asked]).toEqual([status, asked]);
  });

  test("says so when its port is taken", async () => {
    const { port } = await serve();
    await expect(listenForControl(fakeSupervisor(), fakeMembers(), { port })).rejects.toThrow(
      `control port 127.0.0.1:${port} is in use: another cluster is probably running`,
    );
  });

  test("is missed by its client in one line", async () => {
    const control = await listenForControl(fakeSupervisor(), fakeMembers(), { port: 0 });
    await control.close();
    await expect(listNodes(control.port)).rejects.toThrow(
      `no cluster answers at 127.0.0.1:${control.port}; start one with "npm start", or say where it is with --http-base`,
    );
  });
});

test("the status table has a row for each node, and why one ended", () => {
  const common = { http: "127.0.0.1:2", peer: "127.0.0.1:101" };
  const status = {
    role: "leader",
    term: 4,
    leaderId: "n1",
    lastIndex: 9,
    commitIndex: 8,
    lastApplied: 7,
    configuration: { voters: [{ id: "n1" }], learners: [{ id: "n3" }] },
  };
  expect(
    statusTable([
      { number: 1, id: "n1", state: "running", pid: 41, reason: null, ...common, status },
      {
        number: 2,
        id: "n2",
        state: "ended",
        pid: null,
        reason: "the disk is full",
        ...common,
        status: null,
      },
      {
        number: 3,
        id: "n3",
        state: "running",
        pid: 43,
        reason: null,
        ...common,
        status: { ...status, role: "follower" },
      },
      {
        number: 4,
        id: "n4",
        state: "running",
        pid: 44,
        reason: null,
        ...common,
        status: { ...status, role: "follower", removedAt: 8 },
      },
    ]),
  ).toBe(
    [
      "node  pid  state    member   role      term  commit  applied  http         peer",
      "n1    41   running  voter    leader    4     8       7        127.0.0.1:2  127.0.0.1:101",
      "n2    -    ended    -        -         -     -       -        127.0.0.1:2  127.0.0.1:101",
      "n3    43   running  learner  follower  4     8       7        127.0.0.1:2  127.0.0.1:101",
      "n4    44   running  removed  follower  4     8       7        127.0.0.1:2  127.0.0.1:101",
      "n2 ended unexpectedly: the disk is full",
    ].join("\n"),
  );
});

test("a leader is agreed on when all name it in one term; the latest is that of the highest term", () => {
  const says = (leaderId: string | null, term: number) => ({
    role: "follower",
    term,
    leaderId,
    lastIndex: 0,
    commitIndex: 0,
    lastApplied: 0,
  });
  expect(agreedLeader([says("n1", 2), says("n1", 2)])).toEqual({ id: "n1", term: 2 });
  for (const other of [says("n2", 2), says("n1", 3), says(null, 2), undefined]) {
    expect(agreedLeader([says("n1", 2), other])).toBeUndefined();
    expect(agreedLeader([other, says("n1", 2)])).toBeUndefined();
  }
  expect(latestLeader([says("n1", 2), undefined, says("n2", 3), says(null, 4)])).toEqual({
    id: "n2",
    term: 3,
  });
  expect(latestLeader([says(null, 2)])).toBeUndefined();
});

test("colours leave the status table's columns where they are", () => {
  const nodes = (["running", "ended", "killed"] as const).map((state, i) => ({
    number: i + 1,
    id: `n${i + 1}`,
    state,
    pid: null,
    reason: null,
    http: "127.0.0.1:2",
    peer: "127.0.0.1:101",
    status: null,
  }));
  const painted = statusTable(nodes, (style, text) =>
    styleText(style, text, { validateStream: false }),
  );
  expect(painted).toContain("\u001b[32mrunning\u001b[39m");
  expect(painted).toContain("\u001b[31mended\u001b[39m");
  expect(stripVTControlCharacters(painted)).toBe(statusTable(nodes));
});
