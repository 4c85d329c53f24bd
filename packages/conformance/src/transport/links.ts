// Cases that need a network that can be disturbed: queues that fill, links that break or fall
// silent, bytes that come in pieces, break off, change, or are said by somebody who is no node.
import { ensure } from "../expect.js";
import { isSame } from "../bytes.js";
import { describe, nextTurn, pattern, transportCase } from "./bench.js";
import type { Bench, TestNode } from "./bench.js";
import { pair } from "./starting.js";
import type { Suite } from "../suite.js";
import type { Disturbance, TransportSubject } from "./subject.js";

const BOUNDED =
  "Availability (Raft §2, §5.3): a follower that lags or reads slowly must not fill the leader's memory (etcd-io/raft#11, scylladb/scylladb#31402)";
/** What a system's own buffers hold beside the queue. */
const ON_THE_WAY_BYTES = 32 * 1024 * 1024;

export const queues: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-37",
      title: "what doesn't fit the queue is refused and reported; later frames pass",
      requires: ["TRANSPORT-27"],
      capabilities: ["queue"],
      rule: BOUNDED,
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      a.unreachable.length = 0;
      const { maxQueueBytes = 0 } = bench.subject;
      const frame = pattern(Math.min(a.transport.maxFrameBytes, 100_000), 2);
      let taken = 0;
      const bound = maxQueueBytes + ON_THE_WAY_BYTES;
      // In one turn of the event loop, so that no more leaves than the system takes at once.
      while (taken <= bound && a.transport.send("n2", [frame])) taken += frame.length;
      ensure(
        taken <= bound,
        `${taken} bytes were taken in one turn, though at most ${maxQueueBytes} may wait (maxQueueBytes)`,
      );
      ensure(taken > 0, `the queue of ${maxQueueBytes} bytes took no frame of ${frame.length}`);
      await bench.until("n2 was reported as unreachable, since a frame was dropped", () =>
        a.unreachable.includes("n2"),
      );
      await bench.arrives(a, b, pattern(100, 3));
      const other = b.frames.find(
        (received) => received.frame.length !== 100 && !isSame(received.frame, frame),
      );
      ensure(
        other === undefined,
        `out of a full queue came ${other === undefined ? "" : describe(other.frame)}, which nobody sent`,
      );
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-38",
      title: "a link that falls silent without breaking is noticed and reported",
      requires: ["TRANSPORT-27"],
      capabilities: ["stall"],
      rule: "Availability (Raft §5.2): half-open connections make a cluster believe in a leader that is gone (cowsql/raft#188, an outage of 20 minutes)",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      await bench.arrives(b, a, pattern(100, 2));
      a.unreachable.length = 0;
      bench.links.stall?.("n1", "n2");
      bench.links.stall?.("n2", "n1");
      await unreachableWhileSending(bench, a, "n2");
      for (const [from, to] of [
        ["n1", "n2"],
        ["n2", "n1"],
      ] as const) {
        bench.links.heal?.(from, to);
      }
      await bench.arrives(a, b, pattern(100, 3));
      await bench.arrives(b, a, pattern(100, 4));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-39",
      title:
        "a peer that doesn't read costs a bounded amount of memory, and the other peers nothing",
      requires: ["TRANSPORT-28", "TRANSPORT-37", "TRANSPORT-38"],
      capabilities: ["queue", "stall"],
      rule: `${BOUNDED}; and a backlog must not starve the others of heartbeats`,
    },
    async (bench) => {
      const [a, b, c] = [await bench.start("n1"), await bench.start("n2"), await bench.start("n3")];
      await bench.list(a, [b.local, c.local]);
      for (const to of [b, c]) await bench.arrives(a, to, pattern(100, 1));
      bench.links.stall?.("n1", "n2");
      const bound = (bench.subject.maxQueueBytes ?? 0) + ON_THE_WAY_BYTES;
      const frame = pattern(Math.min(a.transport.maxFrameBytes, 200_000), 2);
      let [taken, fullTurns] = [0, 0];
      await bench.until(
        "send refused all frames for a peer that doesn't read, in one turn after another",
        () => {
          const before = taken;
          for (let i = 0; i < 60 && a.transport.send("n2", [frame]); i++) taken += frame.length; // much at once: a stalled link is soon given up
          ensure(taken <= bound, `${taken} bytes were taken for a peer that doesn't read`);
          fullTurns = taken === before ? fullTurns + 1 : 0;
          return fullTurns > 10;
        },
      );
      for (let round = 0; round < 10; round++) {
        a.transport.send("n2", [frame]);
        await bench.arrives(a, c, pattern(100, 10 + round));
      }
      bench.links.heal?.("n1", "n2");
      await bench.arrives(a, b, pattern(100, 3));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-40",
      title: "close resolves though a peer doesn't read",
      requires: ["TRANSPORT-33", "TRANSPORT-38"],
      capabilities: ["stall"],
      rule: "Availability (Raft §5.5): a server that stops must not wait for others",
    },
    async (bench) => {
      const [a, b] = await oneWay(bench);
      await bench.arrives(a, b, pattern(100, 1));
      bench.links.stall?.("n1", "n2");
      const frame = pattern(Math.min(a.transport.maxFrameBytes, 500_000), 2);
      for (let i = 0; i < 10; i++) a.transport.send("n2", [frame]);
      await nextTurn();
      await bench.settles("close resolved", a.transport.close());
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-41",
      title: "a link that breaks is reported, and works again when it is healed",
      requires: ["TRANSPORT-24", "TRANSPORT-27"],
      capabilities: ["cut"],
      rule: "Availability (Raft §5.5): messages may be lost, not for ever; who was cut off must come back without a restart",
    },
    async (bench) => {
      const [a, b, c] = [await bench.start("n1"), await bench.start("n2"), await bench.start("n3")];
      // n2 doesn't look for n1, so that nobody but n1 can bring the link back.
      await bench.list(a, [b.local, c.local]);
      for (const to of [b, c]) await bench.arrives(a, to, pattern(100, 1));
      for (let round = 0; round < 3; round++) {
        a.unreachable.length = 0;
        bench.links.cut?.("n1", "n2");
        await unreachableWhileSending(bench, a, "n2");
        await bench.arrives(a, c, pattern(100, 10 + round));
        bench.links.heal?.("n1", "n2");
        await bench.arrives(a, b, pattern(100, 20 + round));
      }
    },
  ),
];

export const streams: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-42",
      title: "frames are whole however the bytes are cut into pieces",
      requires: ["TRANSPORT-12"],
      capabilities: ["stream"],
      rule: "Log Matching (Raft §5.3): what one side wrote at once may come in any pieces (RFC 9293, §3.7)",
    },
    async (bench) => {
      const [a, b] = await oneWay(bench);
      await bench.arrives(a, b, pattern(100, 1));
      for (const [bytes, size] of [
        [1, 300],
        [3, 700],
        [7, 2000],
        [1000, 65_000],
      ] as const) {
        bench.links.disturb?.("n1", "n2", { kind: "chop", bytes });
        await bench.arrives(a, b, pattern(size, bytes));
        for (let i = 0; i < 5; i++) a.transport.send("n2", [pattern(size, 10 + i), pattern(3, i)]);
        await bench.arrives(a, b, pattern(size, 50 + bytes));
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-43",
      title: "of a frame that breaks off nothing is delivered, and the next connection begins anew",
      requires: ["TRANSPORT-24", "TRANSPORT-42"],
      capabilities: ["stream"],
      rule: "Log Matching (Raft §5.3): a sender may crash at any byte; half an AppendEntries must not be taken for one",
    },
    async (bench) => {
      const [a, b] = await oneWay(bench);
      await bench.arrives(a, b, pattern(100, 1));
      const frame = pattern(50_000, 2);
      for (const afterBytes of [1, 50, 250, 400, 600, 1000, 5000, 20_000, 50_100]) {
        await throughDisturbance(bench, a, frame, { kind: "break", afterBytes });
        await worksAgain(bench, a, b);
      }
      onlyWhole(b, frame);
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-44",
      title: "bytes of somebody who is no node change nothing",
      requires: ["TRANSPORT-07"],
      capabilities: ["stream"],
      rule: "Availability (Raft §2): whoever can connect can say anything; no stranger may stop a server, or be taken for one",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      const text = (words: string): Uint8Array => new TextEncoder().encode(words);
      const rubbish = [
        new Uint8Array(0),
        new Uint8Array(1),
        text("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        text("POST /raft HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n"),
        new Uint8Array(500).fill(0xff),
        new Uint8Array(500),
        pattern(20, 1),
        pattern(5000, 2),
        text('{"clusterId":"green"}\n'),
        Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3),
      ];
      const intruders = [];
      for (const [i, bytes] of rubbish.entries()) {
        // Some hang up, some stay and say no more.
        const intruder = await bench.links.intrude?.(b.local.address, bytes);
        if (i % 2 === 0) intruder?.close();
        else intruders.push(intruder);
        await bench.arrives(a, b, pattern(100, 10 + i));
      }
      const stranger = b.frames.find(({ from, frame }) => from.id !== "n1" || frame.length !== 100);
      ensure(
        stranger === undefined,
        `out of rubbish came ${stranger === undefined ? "" : describe(stranger.frame)}`,
      );
      await bench.arrives(b, a, pattern(100, 3));
      await bench.settles("close resolved though strangers hold connections", b.transport.close());
      for (const intruder of intruders) intruder?.close();
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-45",
      title: "a frame with a byte that changed on the way is not delivered",
      requires: ["TRANSPORT-43"],
      capabilities: ["stream", "checksum"],
      rule: "Log Matching (Raft §5.3): TCP's 16-bit sum misses errors (Stone and Partridge, SIGCOMM 2000)",
    },
    async (bench) => {
      const [a, b] = await oneWay(bench);
      await bench.arrives(a, b, pattern(100, 1));
      const frame = pattern(50_000, 2);
      for (const atByte of [2, 120, 300, 450, 700, 3000, 30_000, 49_000]) {
        await throughDisturbance(bench, a, frame, { kind: "flip", atByte });
        await worksAgain(bench, a, b);
      }
      onlyWhole(b, frame);
    },
  ),
];

/**
 * Two nodes of which only the first dials: all frames take the same link, whatever connections an
 * adapter keeps.
 */
async function oneWay(bench: Bench): Promise<[TestNode, TestNode]> {
  const [a, b] = [await bench.start("n1"), await bench.start("n2")];
  await bench.list(a, [b.local]);
  return [a, b];
}

/** Sends a frame again and again until the disturbance has come to pass. */
async function throughDisturbance(
  bench: Bench,
  a: TestNode,
  frame: Uint8Array,
  disturbance: Disturbance,
): Promise<void> {
  const isOver = bench.links.disturb?.("n1", "n2", disturbance);
  await bench.until(`the link had its disturbance (${JSON.stringify(disturbance)})`, () => {
    a.transport.send("n2", [frame]);
    return isOver?.() ?? true;
  });
  bench.links.heal?.("n1", "n2");
}

/**
 * Two frames: the second one shows that the connection outlasts the first, so an adapter's back-off
 * begins anew next time.
 */
async function worksAgain(bench: Bench, a: TestNode, b: TestNode): Promise<void> {
  for (const seed of [b.frames.length, -b.frames.length]) {
    await bench.arrives(a, b, pattern(100, seed));
  }
}

function onlyWhole(b: TestNode, frame: Uint8Array): void {
  const wrong = b.frames.find(
    (received) => received.frame.length !== 100 && !isSame(received.frame, frame),
  );
  ensure(
    wrong === undefined,
    `sent were frames of 100 bytes and ${describe(frame)}; delivered was ${wrong === undefined ? "" : describe(wrong.frame)}`,
  );
}

async function unreachableWhileSending(bench: Bench, from: TestNode, to: string): Promise<void> {
  let sent = 0;
  await bench.until(`${to} was reported as unreachable`, () => {
    from.transport.send(to, [pattern(100, 1000 + sent++)]);
    return from.unreachable.includes(to);
  });
}
