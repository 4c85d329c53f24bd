// Intruders who know the cluster's names and fill every place there is. They must fail: members go
// on, and what strangers can make a node hold stays small.
import { describe, expect, test } from "vitest";
import { MAX_PIECE_BYTES, writePieceHead } from "../src/pieces.js";
import {
  type Network,
  bytes,
  createNetwork,
  digests,
  pair,
  pattern,
  quiet,
  send,
} from "./support.js";

const N2 = "http://n2.test/raft";
const MIB = 2 ** 20;

interface Claim {
  readonly id: string;
  readonly incarnation?: string;
  readonly run?: number;
  readonly maxFrameBytes?: number;
}

/** A request to n2 of somebody who says to be this node. */
async function intrude(
  network: Network,
  { id, incarnation = `incarnation-of-${id}`, run = 1, maxFrameBytes = 8 * MIB }: Claim,
  body: BodyInit,
): Promise<number> {
  const hello = `2 green ${id} ${incarnation} ${run} json http://${id}.test/raft ${maxFrameBytes} n2`;
  const headers = { "raftkit-hello": hello };
  const init = { method: "POST", headers, body, duplex: "half" };
  return (await network.call(N2, init)).status;
}

/** A body that begins and never ends. */
const endless = (): ReadableStream =>
  new ReadableStream({ start: (controller) => controller.enqueue(bytes("x")) });

/** Piece number `index` of a frame, as a body of its own. */
function pieceOf(frame: Uint8Array, index: number): Uint8Array<ArrayBuffer> {
  const data = frame.subarray(index * MAX_PIECE_BYTES, (index + 1) * MAX_PIECE_BYTES);
  const body = new Uint8Array(16 + data.length);
  writePieceHead(
    new DataView(body.buffer),
    0,
    1,
    frame.length,
    index * MAX_PIECE_BYTES,
    data.length,
  );
  body.set(data, 16);
  return body;
}

describe("requests whose bodies never end", () => {
  test.each([
    ["strangers", (i: number): Claim => ({ id: `stranger-${i}` })],
    ["one stranger", (): Claim => ({ id: "stranger" })],
    [
      "namesakes of a member",
      (i: number): Claim => ({ id: "n1", incarnation: `made-up-incarnation-${i}` }),
    ],
  ])(
    "from %s keep no member out, restarted or not, and few are read at once",
    async (_who, claim) => {
      const network = createNetwork();
      const [a, b] = await pair(network);
      send(a, "n2", "before");
      send(b, "n1", "before");
      await quiet();
      const answered: number[] = [];
      const pending = Array.from({ length: 500 }, async (_, i) => {
        answered.push(await intrude(network, claim(i), endless()));
      });
      await quiet();
      expect(answered.length).toBeGreaterThanOrEqual(492);
      expect(new Set(answered)).toEqual(new Set([408]));
      send(a, "n2", "the same run");
      await quiet();
      const restarted = await network.node("n1", { run: 2 });
      restarted.transport.setPeers([b.peer()], []);
      send(restarted, "n2", "the next run");
      await quiet();
      expect(b.texts()).toEqual(["before", "the same run", "the next run"]);
      await b.transport.close();
      await Promise.all(pending);
    },
  );

  test("from an unlisted node keep no other unlisted node out", async () => {
    const network = createNetwork();
    const [, b] = await pair(network);
    const joiner = await network.node("n9");
    joiner.transport.setPeers([b.peer()], []);
    const pending = Array.from({ length: 500 }, (_, i) =>
      intrude(network, { id: `stranger-${i}` }, endless()),
    );
    await quiet();
    send(joiner, "n2", "let me in");
    await quiet();
    expect(b.texts()).toEqual(["let me in"]);
    await b.transport.close();
    await Promise.all(pending);
  });
});

describe("large frames that never end", () => {
  test("cost what arrived of them, not what was announced, even under the names of 62 members", async () => {
    const network = createNetwork();
    const [a, b] = await pair(network);
    const ids = Array.from({ length: 62 }, (_, i) => `member-${i}`);
    b.transport.setPeers(
      ids.map((id) => ({ id, address: `http://${id}.test/raft` })),
      [],
    );
    const announced = pieceOf(new Uint8Array(8 * MIB), 0).subarray(0, 17);
    new DataView(announced.buffer).setUint32(12, 1);
    const before = process.memoryUsage().arrayBuffers;
    for (const id of ids) {
      expect(await intrude(network, { id }, announced.slice())).toBe(204);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * MIB);
    send(a, "n2", "hello");
    await quiet();
    expect(b.texts()).toEqual(["hello"]);
  });

  test("of strangers share the room of one; who was heard last goes on, and members have their own", async () => {
    const network = createNetwork();
    const maxFrameBytes = 300_000;
    const [, b] = await pair(network, { maxFrameBytes });
    const frame = (seed: number): Uint8Array => pattern(300_000, seed);
    const claims = ["n1", "s1", "s2"].map((id) => ({ id, maxFrameBytes }));
    for (const [seed, claim] of claims.entries()) {
      for (let i = 0; i < 4; i++) {
        expect(await intrude(network, claim, pieceOf(frame(seed), i))).toBe(204);
      }
    }
    for (const [seed, claim] of claims.entries()) {
      await intrude(network, claim, pieceOf(frame(seed), 4));
    }
    expect(b.digests()).toEqual(digests([frame(0), frame(2)]));
  });
});
