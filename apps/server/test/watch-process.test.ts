// Watches over the life of a process: a signal ends them with a word, a kill without one, and the
// process that comes after it goes on where they were.
import { join } from "node:path";
import { expect, test } from "vitest";
import { keyPath, send } from "./client.js";
import { follow, shown } from "./event-stream.js";
import { freePorts, startProcess, temporaryDirectory } from "./process.js";
import type { Started } from "./process.js";

test("after SIGTERM, and after a kill, one goes on behind the last id in the next process", async () => {
  const [peer = 0] = await freePorts(1);
  const data = join(temporaryDirectory(), "data");
  const args = ["--http=127.0.0.1:0", `--address=127.0.0.1:${peer}`, "--alone", `--data=${data}`];
  const written: string[] = [];
  const seen: string[] = [];
  let position = "0";
  const begin = async (): Promise<{ server: Started; http: string }> => {
    const server = startProcess(args);
    const { http } = await server.ready;
    return { server, http };
  };
  const put = async (http: string, key: string): Promise<void> => {
    await expect
      .poll(async () => (await send(http, "PUT", keyPath(key), { body: key })).status, {
        timeout: 10_000,
      })
      .toBe(201);
    written.push(key);
  };
  for (const signal of ["SIGTERM", "SIGKILL", "SIGTERM"] as const) {
    const { server, http } = await begin();
    const stream = await follow(http, "/v1/watch?after=0", { "last-event-id": position });
    await put(http, `${signal}-${written.length}`);
    await stream.until(({ events }) => seen.length + events.length === written.length);
    server.child.kill(signal);
    await stream.until(({ closed }) => closed);
    const { code } = await server.ended;
    const isTold = signal === "SIGTERM";
    expect([code, stream.ended]).toEqual([isTold ? 0 : null, isTold]);
    expect(stream.events.at(-1)?.event).toBe(isTold ? "closing" : "put");
    const puts = stream.events.filter(({ event }) => event === "put");
    seen.push(...puts.map((one) => shown(one).split("=")[1]?.split(" ")[0] ?? ""));
    position = stream.lastId ?? "";
  }
  expect(seen).toEqual(written);
});
