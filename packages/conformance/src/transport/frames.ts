// Cases about single frames: whole, unaltered, of every size, and whose the bytes are.
import { ensure } from "../expect.js";
import { isSame } from "../bytes.js";
import { describe, nextTurn, pattern, transportCase } from "./bench.js";
import { pair } from "./starting.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const LOG_MATCHING =
  "Log Matching (Raft §5.3): a follower checks the index and term before new entries, never their bytes; altered ones would be applied as other commands";
const SHARED_BYTES =
  "State Machine Safety (Raft §5.4.3): logs keep the bytes of frames that came and of frames that are sent, without a copy";

export const frames: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-07",
      title: "a frame that is sent to a peer arrives",
      requires: ["TRANSPORT-01"],
      rule: "Availability (Raft §5.1): servers communicate by messages; all else builds on this",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      await bench.arrives(b, a, pattern(100, 2));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-08",
      title: "close resolves though others are connected, and theirs go on",
      requires: ["TRANSPORT-05", "TRANSPORT-07"],
      rule: "Availability (Raft §5.5): a server that stops must not wait until the others have",
    },
    async (bench) => {
      const [a, b, c] = [await bench.start("n1"), await bench.start("n2"), await bench.start("n3")];
      await bench.meet(a, b, c);
      for (const [from, to] of [
        [a, b],
        [b, a],
        [c, a],
        [b, c],
      ] as const) {
        await bench.arrives(from, to, pattern(100, 1));
      }
      await bench.settles("close resolved", a.transport.close());
      await bench.arrives(b, c, pattern(100, 2));
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-09",
      title: "its methods may be called from inside its handlers",
      requires: ["TRANSPORT-07"],
      rule: "Availability (Raft Figure 2, receiver implementation): a server answers a request when it gets it",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      b.onReceive = ({ from, frame }) => {
        if (frame.length === 100) b.transport.send(from.id, [pattern(200, 1)]);
      };
      let sent = 0;
      await bench.until("an answer that was sent from inside `receive` arrived", () => {
        a.transport.send("n2", [pattern(100, sent++)]);
        return a.frames.some(({ frame }) => frame.length === 200);
      });
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-10",
      title: "frames of 1 byte to 64 KiB arrive whole and unaltered",
      requires: ["TRANSPORT-07"],
      rule: LOG_MATCHING,
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      ensure(
        a.transport.maxFrameBytes > 65_536,
        `maxFrameBytes is ${a.transport.maxFrameBytes}; raftkit needs more than 65536`,
      );
      for (const size of [
        1, 2, 3, 4, 7, 8, 9, 127, 128, 255, 256, 1023, 4096, 8191, 8193, 16_383, 32_768, 65_535,
        65_536,
      ]) {
        await bench.arrives(a, b, pattern(size, size));
      }
      await bench.arrives(
        a,
        b,
        Uint8Array.from({ length: 256 }, (_, byte) => byte),
      );
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-11",
      title: "frames of more than 64 KiB up to maxFrameBytes arrive whole and unaltered",
      requires: ["TRANSPORT-10"],
      rule: `${LOG_MATCHING}; an entry that never arrives stops the log behind it`,
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      const { maxFrameBytes } = a.transport;
      for (const size of [
        65_537,
        100_000,
        131_072,
        262_144,
        262_145,
        1_000_000,
        maxFrameBytes - 1,
        maxFrameBytes,
      ]) {
        if (size <= maxFrameBytes) await bench.arrives(a, b, pattern(size, size));
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-12",
      title: "a frame is all its parts, in their order",
      requires: ["TRANSPORT-07"],
      rule: `${LOG_MATCHING}; parts are how a header travels before entries that are encoded once`,
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      const shared = pattern(60_000, 7);
      const lists: Uint8Array[][] = [
        [pattern(1, 1), pattern(2, 2)],
        [pattern(10, 3), new Uint8Array(0), pattern(5, 4)],
        [new Uint8Array(0), pattern(5, 5), new Uint8Array(0)],
        [
          pattern(20, 6),
          shared.subarray(10, 50_000),
          pattern(3, 8),
          shared.subarray(40_000, 40_100),
        ],
        Array.from({ length: 300 }, (_, i) => pattern(i % 40, i)),
      ];
      for (const parts of lists) await bench.arrives(a, b, ...parts);
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-13",
      title: "what was delivered is never touched again",
      requires: ["TRANSPORT-10"],
      rule: SHARED_BYTES,
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      const sizes = [100, 100, 20_000, 3, 100, 60_000, 20_000, 1, 5000, 100];
      for (let i = 0; i < 40; i++) {
        a.transport.send("n2", [pattern(sizes[i % sizes.length] ?? 1, i)]);
        if (i % 8 === 7) await bench.arrives(a, b, pattern(200, 1000 + i));
      }
      const copies = b.frames.map(({ frame }) => frame.slice());
      for (let i = 0; i < 20; i++) {
        await bench.arrives(a, b, pattern(sizes[i % sizes.length] ?? 1, 2000 + i));
      }
      copies.forEach((copy, i) => {
        const now = b.frames[i]?.frame ?? copy;
        ensure(
          isSame(copy, now),
          `frame ${i} was ${describe(copy)} when it came; later it was ${describe(now)}`,
        );
      });
      for (const { frame } of b.frames.slice(0, copies.length)) {
        ensure(
          isKnown(frame, sizes),
          `${describe(frame)} was delivered, but was never sent like that`,
        );
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-14",
      title: "what was delivered is the receiver's own: it may write over it",
      requires: ["TRANSPORT-10"],
      rule: SHARED_BYTES,
    },
    async (bench) => {
      const [a, b, c] = [await bench.start("n1"), await bench.start("n2"), await bench.start("n3")];
      await bench.list(a, [b.local, c.local]);
      for (const length of [100, 30_000]) {
        const [part, original] = [pattern(length, 1), pattern(length, 1)];
        const first = await bench.arrives(a, b, part);
        const second = await bench.arrives(a, b, part.subarray(1));
        first.frame.fill(0xee);
        ensure(
          isSame(part, original),
          "the receiver wrote over the frame that it got, and the sender's bytes changed",
        );
        ensure(
          isSame(second.frame, original.subarray(1)),
          "the receiver wrote over one frame, and another one changed",
        );
        await bench.arrives(a, c, part);
      }
    },
  ),
  transportCase(
    {
      id: "TRANSPORT-15",
      title:
        "send refuses a frame above maxFrameBytes, nothing of it arrives, and the next frame does",
      requires: ["TRANSPORT-11"],
      rule: "Availability (Raft §5.3): an entry that is too large to send must not be accepted and then never replicate; false tells that nothing was sent",
    },
    async (bench) => {
      const [a, b] = await pair(bench);
      await bench.arrives(a, b, pattern(100, 1));
      const { maxFrameBytes } = a.transport;
      for (const parts of [
        [new Uint8Array(maxFrameBytes + 1)],
        [new Uint8Array(maxFrameBytes), new Uint8Array(1)],
      ]) {
        ensure(
          !a.transport.send("n2", parts),
          `a frame of ${maxFrameBytes + 1} bytes is above maxFrameBytes, but send returned true`,
        );
      }
      await bench.arrives(a, b, pattern(100, 2));
      await nextTurn();
      const other = b.frames.find(({ frame }) => frame.length !== 100);
      ensure(
        other === undefined,
        `of a frame above maxFrameBytes ${other?.frame.length} bytes were delivered`,
      );
    },
  ),
];

/** Whether the case above sent it. */
function isKnown(frame: Uint8Array, sizes: readonly number[]): boolean {
  for (let i = 0; i < 40; i++) {
    if (
      (sizes[i % sizes.length] === frame.length && isSame(frame, pattern(frame.length, i))) ||
      (frame.length === 200 && isSame(frame, pattern(200, 1000 + i)))
    ) {
      return true;
    }
  }
  return false;
}
