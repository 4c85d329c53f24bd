// What the dashboard is sent of a node, and how the page is served.
import { raftViewSchema } from "@raftkit-app/dashboard";
import type { DashboardView } from "@raftkit-app/dashboard";
import { expect, onTestFinished, test } from "vitest";
import { startServer } from "../src/server.js";
import { errorCode, keyPath, parsed, send } from "./client.js";
import { follow } from "./event-stream.js";
import { recordingLogger } from "./fixture.js";
import { settingsFor } from "./start.js";

async function startReal(): Promise<string> {
  const server = await startServer({
    settings: settingsFor(
      "--transport=memory",
      "--storage=memory",
      "--http-peers=n2=127.0.0.1:8102",
    ),
    logger: recordingLogger(),
  });
  onTestFinished(() => server.close());
  return server.http;
}

test("a node tells its role, the end of its log in words, and what it has counted", async () => {
  const http = await startReal();
  await send(http, "PUT", keyPath("a"), { body: "1\n2" });
  await send(http, "DELETE", keyPath("a long key"));
  await send(http, "PUT", keyPath("b"), { body: new Uint8Array(5000) });
  await send(http, "POST", "/v1/sessions");
  const view = raftViewSchema.parse(parsed(await send(http, "GET", "/v1/view")));
  expect(view).toMatchObject({ role: "leader", leaderId: "n1", configuration: { voters: ["n1"] } });
  expect(view.log.at(0)).toEqual({ index: 1, term: 1, label: "config", text: "configuration" });
  expect(view.log.slice(-5).map(({ label, text }) => [label, text])).toEqual([
    ["no-op", "no-op"],
    ["a=1·2", "a=1·2"],
    ["del a long…", "del a long key"],
    ["5008 B", "5008 B"],
    ["opens a se…", "opens a session"],
  ]);
  // It is alone.
  expect(view.figures.messages).toEqual({ received: 0, sent: 0 });
  const { counts, bounds } = view.figures.commit;
  expect(counts.reduce((sum, count) => sum + count)).toBe(4);
  expect(counts.length).toBe(bounds.length + 1);
});

test("who follows it is told when something has changed, until the server closes", async () => {
  const server = await startServer({
    settings: settingsFor("--transport=memory", "--storage=memory"),
    logger: recordingLogger(),
  });
  onTestFinished(() => server.close());
  const { http } = server;
  await send(http, "PUT", keyPath("a"), { body: "1" });
  const stream = await follow(http, "/v1/view", { accept: "text/event-stream" });
  await send(http, "PUT", keyPath("b"), { body: "2" });
  const lastOf = (data: unknown): string | undefined =>
    (data as DashboardView).nodes[0]?.raft?.log.at(-1)?.text;
  await stream.until(({ all }) => lastOf(all.at(-1)?.data) === "b=2");
  await server.close();
  await stream.until(({ ended }) => ended);
});

test("only files of the page are served, to whoever comes by a name of this machine", async () => {
  const http = await startReal();
  for (const path of ["/assets/..%2findex.html", "/assets/nothing.js", "/%2e", "/package.json"]) {
    const answer = await send(http, "GET", path);
    expect([path, answer.status, errorCode(answer)]).toEqual([path, 404, "not_found"]);
  }
  const headers = { host: "evil.example" };
  expect((await send(http, "GET", "/", { headers })).status).toBe(403);
  expect((await send(http, "GET", "/v1/view", { headers })).status).toBe(403);
});
