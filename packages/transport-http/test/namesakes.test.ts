// Two data directories that speak under one id, by mistake or by intent. Whatever the namesake does,
// and whatever is done to it, the real one goes on; and the messages name the cause.
import { describe, expect, test } from "vitest";
import { MAX_PIECE_BYTES } from "../src/pieces.js";
import {
  type Network,
  type TestNode,
  createNetwork,
  pair,
  pattern,
  quiet,
  send,
} from "./support.js";

const N2 = "http://n2.test/raft";
const REAL = { id: "n1", incarnation: "incarnation-of-n1", run: 1 };
const NAMESAKE = { id: "n1", incarnation: "another-data-directory", run: 1 };

/** n1 and n2 have heard each other; a namesake of n1, at another address, talks to n2. */
async function withNamesake(
  network: Network,
): Promise<{ real: TestNode; namesake: TestNode; n2: TestNode }> {
  const [real, n2] = await pair(network);
  send(real, "n2", "real");
  send(n2, "n1", "to the real one");
  await quiet();
  const namesake = await network.node("n1", {
    incarnation: NAMESAKE.incarnation,
    address: "http://elsewhere.test/raft",
  });
  namesake.transport.setPeers([n2.peer()], []);
  return { real, namesake, n2 };
}

describe("a namesake of another data directory", () => {
  test("doesn't break what the real one has under way", async () => {
    const network = createNetwork();
    const { real, namesake, n2 } = await withNamesake(network);
    network.faults.set(N2, async (deliver, init) => {
      const response = await deliver();
      const isReal = new Headers(init.headers).get("raftkit-hello")?.includes(REAL.incarnation);
      if (isReal === true) send(namesake, "n2", "in between");
      await quiet();
      return response;
    });
    const large = pattern(3 * MAX_PIECE_BYTES);
    real.transport.send("n2", [large]);
    for (let i = 0; i < 10; i++) await quiet();
    expect(n2.texts().filter((text) => text === "in between")).toHaveLength(3);
    expect(n2.received.filter(({ frame }) => frame.length === large.length)).toHaveLength(1);
  });

  test("is cut off alone: the real one is heard and spoken to all the while", async () => {
    const network = createNetwork();
    const { real, namesake, n2 } = await withNamesake(network);
    send(namesake, "n2", "I am n1");
    await quiet();
    n2.transport.disconnect(NAMESAKE);
    expect(send(n2, "n1", "still there?")).toBe(true);
    await quiet();
    send(real, "n2", "still here");
    send(namesake, "n2", "me too");
    await quiet();
    expect(n2.texts()).toEqual(["real", "I am n1", "still here"]);
    expect(real.texts()).toEqual(["to the real one", "still there?"]);
    expect([real.rejected, real.unreachable, n2.unreachable]).toEqual([[], [], []]);
  });

  test("is told, with the real one's peers, that another data directory is in use", async () => {
    const network = createNetwork();
    const { namesake, n2 } = await withNamesake(network);
    send(namesake, "n2", "I am n1");
    await quiet();
    n2.transport.disconnect(NAMESAKE);
    send(namesake, "n2", "I am n1");
    await quiet();
    const message =
      'n1 at http://elsewhere.test/raft speaks from data directory "another-data-directory", but n2 also hears n1 from "incarnation-of-n1"; stop one of the two, or start n1 with the data directory that it had';
    expect(n2.rejected.map(({ code, message: text }) => [code, text])).toEqual([
      ["OTHER_DATA_DIRECTORY", message],
    ]);
    expect(namesake.rejected.map(({ code, message: text }) => [code, text])).toEqual([
      ["OTHER_DATA_DIRECTORY", `peer n2 at ${N2} refused this node: ${message}`],
    ]);
  });

  test("brings nobody back who was cut off, and no earlier run", async () => {
    const network = createNetwork();
    const { real: run1, namesake, n2 } = await withNamesake(network);
    const run2 = await network.node("n1", { run: 2 });
    run2.transport.setPeers([n2.peer()], []);
    send(run2, "n2", "run 2");
    await quiet();
    n2.transport.disconnect({ ...REAL, run: 2 });
    send(namesake, "n2", "I am n1");
    await quiet();
    send(run1, "n2", "the earlier run");
    send(run2, "n2", "cut off");
    await quiet();
    expect(n2.texts()).toEqual(["real", "run 2", "I am n1"]);
    expect(run1.rejected.map(({ code }) => code)).toEqual(["STALE_RUN"]);
  });

  test("is one of many: made-up directories don't push out what is known of the real one", async () => {
    const network = createNetwork();
    const { n2 } = await withNamesake(network);
    const run2 = await network.node("n1", { run: 2 });
    run2.transport.setPeers([n2.peer()], []);
    send(n2, "n1", "which run are you?");
    await quiet();
    for (let i = 0; i < 100; i++) {
      const hello = `2 green n1 made-up-incarnation-${i} 1 json http://n1.test/raft 8388608 n2`;
      const init = { method: "POST", headers: { "raftkit-hello": hello } };
      expect((await network.call(N2, init)).status).toBe(204);
    }
    const run1 = `2 green n1 incarnation-of-n1 1 json http://n1.test/raft 8388608 n2`;
    const init = { method: "POST", headers: { "raftkit-hello": run1 } };
    expect(await (await network.call(N2, init)).json()).toMatchObject({
      error: { code: "STALE_RUN" },
    });
  });
});

test("disconnecting an earlier run leaves the later one alone, in both directions", async () => {
  const network = createNetwork();
  const [, n2] = await pair(network);
  const run2 = await network.node("n1", { run: 2 });
  run2.transport.setPeers([n2.peer()], []);
  send(run2, "n2", "run 2");
  await quiet();
  n2.transport.disconnect(REAL);
  send(run2, "n2", "again");
  expect(send(n2, "n1", "answer")).toBe(true);
  await quiet();
  expect([n2.texts(), run2.texts()]).toEqual([["run 2", "again"], ["answer"]]);
});

test("an earlier run whose body ends after the later one spoke is refused", async () => {
  const network = createNetwork();
  const [run1, n2] = await pair(network);
  send(run1, "n2", "run 1");
  await quiet();
  let end = (): void => undefined;
  const body = new ReadableStream({
    start(controller) {
      end = () => controller.close();
    },
  });
  const hello = "2 green n1 incarnation-of-n1 1 json http://n1.test/raft 8388608 n2";
  const headers = { "raftkit-hello": hello };
  const init = { method: "POST", headers, body, duplex: "half" };
  const pending = network.call(N2, init);
  const run2 = await network.node("n1", { run: 2 });
  run2.transport.setPeers([n2.peer()], []);
  send(run2, "n2", "run 2");
  await quiet();
  end();
  expect((await pending).status).toBe(409);
  expect(n2.rejected.map(({ code }) => code)).toEqual(["STALE_RUN"]);
});
