// POST /v1/cluster/snapshot: for operators and their programs.
import { expect, onTestFinished, test } from "vitest";
import { startServer } from "../src/server.js";
import { errorCode, send } from "./client.js";
import { recordingLogger } from "./fixture.js";
import { settingsFor } from "./start.js";

test("a snapshot is taken for programs, and not for pages of other sites", async () => {
  const server = await startServer({
    settings: settingsFor("--storage=memory"),
    logger: recordingLogger(),
  });
  onTestFinished(() => server.close());
  const { http } = server;
  await expect
    .poll(async () => (await send(http, "GET", "/readyz")).status, { timeout: 10_000 })
    .toBe(200);
  const path = "/v1/cluster/snapshot";
  for (const origin of ["https://example.com", "null"]) {
    const refused = await send(http, "POST", path, { headers: { origin } });
    expect([refused.status, errorCode(refused)]).toEqual([403, "forbidden_origin"]);
  }
  expect((await send(http, "POST", path)).status).toBe(200);
});
