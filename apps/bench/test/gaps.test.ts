// What the load of the gap benchmarks notes, and what of it counts as lost or executed twice.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { AckGaps } from "../src/gaps/ack-gaps.js";
import { checkKeys } from "../src/gaps/restart-gap.js";
import { WriteLoad } from "../src/gaps/write-load.js";
import type { WriteProtocol } from "../src/gaps/write-load.js";

const protocol: WriteProtocol = {
  write: (key, body) => ({ method: "PUT", path: `/${key}`, body }),
  acknowledged: (status, body) => (status === 201 ? Number(body) : undefined),
};

/** Answers with the count of writes, or with 503. */
async function serve(
  refuses: () => boolean,
): Promise<{ address: string; written: string[]; refused: string[] }> {
  const [written, refused]: [string[], string[]] = [[], []];
  const server = createServer((request, response) => {
    request.resume();
    const list = refuses() ? refused : written;
    list.push(request.url?.slice(1) ?? "");
    response.writeHead(list === written ? 201 : 503).end(String(written.length));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, written, refused };
}

/** A load whose writes are sent by hand. */
function loadAt(
  addresses: readonly string[],
  pauseMs?: number,
): { readonly load: WriteLoad; readonly send: (writes: number) => void } {
  let sendNext: (count: number) => void = () => {};
  let sent = 0;
  const load = new WriteLoad(addresses, protocol, {
    start(send) {
      sendNext = send;
      return () => {};
    },
    answerMs: 600_000,
    ...(pauseMs !== undefined && { pauseMs }),
  });
  return {
    load,
    send(writes) {
      for (let i = 0; i < writes; i++) sendNext(sent++);
    },
  };
}

test("each write is sent once, to the servers in turn, and noted with its place", async () => {
  const [first, second] = [await serve(() => false), await serve(() => false)];
  const { load, send } = loadAt([first.address, second.address]);
  send(11);
  await load.stop();
  expect([first.written.length, second.written.length]).toEqual([6, 5]);
  const sent = [...first.written, ...second.written];
  expect(new Set(sent).size).toBe(11);
  expect([...load.acknowledged.keys()].toSorted()).toEqual(sent.toSorted());
  expect(load.acknowledged.get(second.written[4] ?? "")).toBe(5);
  expect(load.failed).toBe(0);
});

test("what is refused isn't noted, and not sent again; who refuses is passed over", async () => {
  const [first, second] = [await serve(() => true), await serve(() => false)];
  const { load, send } = loadAt([first.address, second.address], 600_000);
  send(1);
  await expect.poll(() => load.failed, { timeout: 20_000 }).toBe(1);
  send(20);
  await load.stop();
  expect([first.refused.length, first.written.length]).toEqual([1, 0]);
  expect(second.written).toHaveLength(20);
  expect([...load.acknowledged.keys()].toSorted()).toEqual(second.written.toSorted());
  expect(second.written).not.toContain(first.refused[0]);
  expect(load.failed).toBe(1);
});

test("the longest gap since the mark, also one that lasts", () => {
  let now = 1000;
  const gaps = new AckGaps(() => now);
  const pass = (ms: number): void => void (now += ms);
  const ack = (afterMs: number): void => {
    pass(afterMs);
    gaps.acknowledged();
  };
  ack(30);
  ack(10);
  expect(gaps.longestMs()).toBe(30);
  pass(40);
  expect(gaps.longestMs()).toBe(40);
  ack(5);
  expect(gaps.longestMs()).toBe(45);
  gaps.mark();
  expect(gaps.longestMs()).toBe(0);
  ack(7);
  ack(3);
  expect(gaps.longestMs()).toBe(7);
});

test("a lost write and one that was executed twice are told apart", () => {
  const acknowledged = new Map([
    ["a", 5],
    ["b", 6],
  ]);
  checkKeys(acknowledged, new Map([...acknowledged, ["c", 7]]), "n1");
  expect(() => checkKeys(acknowledged, new Map([["b", 6]]), "n1")).toThrow(
    "1 acknowledged writes are lost on n1, the first is a",
  );
  const again = new Map([
    ["a", 5],
    ["b", 9],
  ]);
  expect(() => checkKeys(acknowledged, again, "n2")).toThrow(
    "1 writes were executed again on n2: b was acknowledged at 6, and is there from 9",
  );
});
