// Writes with Idempotency-Key: executed once under it, refused where that isn't certain.
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { OutcomeUnknown } from "raftkit";
import { startServer } from "../src/server.js";
import { errorCode, parsed, send } from "./client.js";
import type { Answer } from "./client.js";
import { keysOf, recordingLogger, startApi } from "./fixture.js";
import type { Api } from "./fixture.js";
import { settingsFor } from "./start.js";

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

async function open(at = api.at): Promise<number> {
  const answer = await send(at, "POST", "/v1/sessions");
  expect(answer.status).toBe(201);
  return (parsed(answer) as { session: number }).session;
}

const put = (key: string, path: string, body: string, headers = {}): Promise<Answer> =>
  send(api.at, "PUT", `/v1/kv/${path}`, { body, headers: { ...headers, "idempotency-key": key } });
const del = (key: string, path: string): Promise<Answer> =>
  send(api.at, "DELETE", `/v1/kv/${path}`, { headers: { "idempotency-key": key } });
const shown = (answer: Answer): unknown => [answer.status, answer.headers.etag, parsed(answer)];

describe("a write that is sent again under its key", () => {
  test("has the answer of the first time, and is executed once", async () => {
    const session = await open();
    const first = await put(`${session}-1`, "a", "1");
    expect(first.status).toBe(201);
    const between = await send(api.at, "PUT", "/v1/kv/a", { body: "2" });
    const again = await put(`${session}-1`, "a", "1");
    expect(shown(again)).toEqual(shown(first));
    const got = await send(api.at, "GET", "/v1/kv/a");
    expect([got.body.toString(), got.headers.etag]).toEqual(["2", between.headers.etag]);
  });

  test("is deleted once, also where there is something to delete by now", async () => {
    const session = await open();
    const nothing = await del(`${session}-1`, "a");
    expect(nothing.status).toBe(404);
    await put(`${session}-2`, "a", "1");
    expect(shown(await del(`${session}-1`, "a"))).toEqual(shown(nothing));
    expect(keysOf(api)).toEqual(["a"]);
    const deleted = await del(`${session}-3`, "a");
    expect(deleted.status).toBe(200);
    expect(shown(await del(`${session}-3`, "a"))).toEqual(shown(deleted));
  });

  test("keeps the answer that its condition got", async () => {
    const session = await open();
    await put(`${session}-1`, "a", "1");
    const refused = await put(`${session}-2`, "a", "2", { "if-none-match": "*" });
    expect(refused.status).toBe(412);
    await send(api.at, "DELETE", "/v1/kv/a");
    const again = await put(`${session}-2`, "a", "2", { "if-none-match": "*" });
    expect(shown(again)).toEqual(shown(refused));
    expect(keysOf(api)).toEqual([]);
  });

  test("may have been unknown before", async () => {
    const session = await open();
    api.kv.before = () => {
      throw new OutcomeUnknown("timeout", "it timed out");
    };
    const unknown = await put(`${session}-1`, "a", "1");
    expect([unknown.status, errorCode(unknown)]).toEqual([504, "outcome_unknown"]);
    api.kv.before = () => undefined;
    expect((await put(`${session}-1`, "a", "1")).status).toBe(201);
    expect((await put(`${session}-1`, "a", "1")).status).toBe(201);
  });
});

describe("nothing is executed", () => {
  test.each([
    "8e03978e-40d5-43dd-bc93-6894a57f9324",
    "1",
    "1-",
    "-1",
    "0-1",
    "1-0",
    "01-1",
    "1-1-1",
    "9007199254740992-1",
    "1-9007199254740993",
  ])("under the key %s, which is none", async (key) => {
    for (const answer of [await put(key, "a", "1"), await del(key, "a")]) {
      expect([answer.status, errorCode(answer)]).toEqual([400, "bad_idempotency_key"]);
      expect(answer.body.toString()).toContain("POST /v1/sessions");
    }
    expect(keysOf(api)).toEqual([]);
    // A read changes nothing, whatever it carries.
    const headers = { "idempotency-key": key };
    expect((await send(api.at, "GET", "/v1/kv/a", { headers })).status).toBe(404);
  });

  test("in a session that was never opened, or has expired", async () => {
    const session = await open();
    await put(`${session}-1`, "a", "1");
    for (const answer of [await put("999-1", "b", "1"), await del("999-2", "a")]) {
      expect([answer.status, errorCode(answer)]).toEqual([410, "session_unknown"]);
    }
    for (let i = 0; i < 3; i++) await open();
    for (const answer of [
      await put(`${session}-1`, "a", "1"),
      await put(`${session}-2`, "b", "1"),
    ]) {
      expect([answer.status, errorCode(answer)]).toEqual([410, "session_unknown"]);
    }
    expect(keysOf(api)).toEqual(["a"]);
  });

  test("when another write was, under the same key", async () => {
    const session = await open();
    await put(`${session}-1`, "a", "1");
    for (const answer of [
      await put(`${session}-1`, "a", "2"),
      await put(`${session}-1`, "b", "1"),
      await put(`${session}-1`, "a", "1", { "if-match": "*" }),
      await del(`${session}-1`, "a"),
    ]) {
      expect([answer.status, errorCode(answer)]).toEqual([422, "idempotency_key_reused"]);
    }
    expect((await send(api.at, "GET", "/v1/kv/a")).body.toString()).toBe("1");
  });

  test("below a jump by 64 and more; skipped numbers within that are executed when they come", async () => {
    const session = await open();
    await put(`${session}-3`, "a", "3");
    expect((await put(`${session}-7`, "a", "7")).status).toBe(200);
    // Pipelined writes overtake each other, and a client may have given up others.
    for (const number of [5, 4, 1]) {
      expect((await put(`${session}-${number}`, `late/${number}`, "1")).status).toBe(201);
    }
    expect((await put(`${session}-1000`, "a", "1000")).status).toBe(200);
    expect((await put(`${session}-937`, "late/937", "1")).status).toBe(201);
    for (const number of [6, 7, 936]) {
      const old = await put(`${session}-${number}`, "b", "1");
      expect([old.status, errorCode(old)]).toEqual([409, "idempotency_key_too_old"]);
    }
    expect((await send(api.at, "GET", "/v1/kv/b")).status).toBe(404);
    expect((await put(`${session}-1001`, "a", "1001")).status).toBe(200);
  });

  test("64 numbers behind the highest one; before that the answer is kept", async () => {
    const session = await open();
    await put(`${session}-1`, "a", "1");
    await put(`${session}-64`, "b", "1");
    expect((await put(`${session}-1`, "a", "1")).status).toBe(201);
    await put(`${session}-65`, "b", "1");
    const old = await put(`${session}-1`, "a", "1");
    expect([old.status, errorCode(old)]).toEqual([409, "idempotency_key_too_old"]);
    expect((await put(`${session}-2`, "a", "2")).status).toBe(200);
  });
});

describe("a session that is closed", () => {
  const close = (session: number | string): Promise<Answer> =>
    send(api.at, "DELETE", `/v1/sessions/${session}`);

  test("executes nothing any more; its writes stay, and others go on", async () => {
    const [session, other] = [await open(), await open()];
    await put(`${session}-1`, "a", "1");
    const closed = await close(session);
    expect([closed.status, closed.body.length, closed.headers["content-type"]]).toEqual([
      204,
      0,
      undefined,
    ]);
    for (const answer of [
      await put(`${session}-1`, "a", "1"),
      await put(`${session}-2`, "b", "1"),
    ]) {
      expect([answer.status, errorCode(answer)]).toEqual([410, "session_unknown"]);
    }
    expect((await put(`${other}-1`, "c", "1")).status).toBe(201);
    expect(keysOf(api)).toEqual(["a", "c"]);
  });

  test("makes room for another one", async () => {
    const [first, second] = [await open(), await open(), await open()];
    await close(second);
    await open();
    expect((await put(`${first}-1`, "a", "1")).status).toBe(201);
  });

  test("may be closed again, also one that never was", async () => {
    const session = await open();
    for (const one of [session, session, 999]) expect((await close(one)).status).toBe(204);
  });

  test("may be unknown before: closing it again is safe", async () => {
    const session = await open();
    api.kv.before = () => {
      throw new OutcomeUnknown("timeout", "it timed out");
    };
    const unknown = await close(session);
    expect([unknown.status, errorCode(unknown)]).toEqual([504, "outcome_unknown"]);
    api.kv.before = () => undefined;
    expect((await close(session)).status).toBe(204);
  });

  test.each(["", "0", "-1", "01", "1.5", "9007199254740993", "x", "1/2", "1%30", "%zz"])(
    "%j is none: 400, and nothing is closed",
    async (session) => {
      const mine = await open();
      const answer = await close(session);
      expect([answer.status, errorCode(answer)]).toEqual([400, "bad_parameter"]);
      expect(answer.body.toString()).toContain("POST /v1/sessions");
      expect((await put(`${mine}-1`, "a", "1")).status).toBe(201);
    },
  );

  test("is a path of its own in the metrics, and knows no other method", async () => {
    const session = await open();
    await close(session);
    expect(api.observed.at(-1)).toMatchObject({ route: "session", method: "DELETE", status: 204 });
    const got = await send(api.at, "GET", `/v1/sessions/${session}`);
    expect([got.status, got.headers.allow, errorCode(got)]).toEqual([
      405,
      "DELETE",
      "method_not_allowed",
    ]);
  });
});

test("sessions aren't opened for pages of other sites", async () => {
  const from = (origin: string): Promise<Answer> =>
    send(api.at, "POST", "/v1/sessions", { headers: { origin } });
  for (const origin of ["https://example.com", "null", `https://${api.at}`]) {
    const refused = await from(origin);
    expect([refused.status, errorCode(refused)]).toEqual([403, "forbidden_origin"]);
  }
  expect((await from(`http://${api.at}`)).status).toBe(201);
});

test("a server's own state machine knows sessions", async () => {
  const server = await startServer({
    settings: settingsFor("--storage=memory", "--transport=memory"),
    logger: recordingLogger(),
  });
  onTestFinished(() => server.close());
  const { http } = server;
  await expect
    .poll(async () => (await send(http, "GET", "/readyz")).status, { timeout: 10_000 })
    .toBe(200);
  const session = await open(http);
  const write = (): Promise<Answer> =>
    send(http, "PUT", "/v1/kv/a", { body: "1", headers: { "idempotency-key": `${session}-1` } });
  const first = await write();
  expect(first.status).toBe(201);
  expect(shown(await write())).toEqual(shown(first));
  expect((await send(http, "DELETE", `/v1/sessions/${session}`)).status).toBe(204);
  expect((await write()).status).toBe(410);
});
