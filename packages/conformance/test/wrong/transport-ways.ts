// Transports that are wrong inside: the toy with one choice made wrongly.
import type { Socket } from "node:net";
import type { Wrong } from "../support/caught.js";
import { joined } from "../../src/bytes.js";
import type { TransportSubject } from "../../src/transport/subject.js";
import { createToyTransport, LIMITS } from "../transport/toy.js";
import { toy, toyTarget } from "../transport/targets.js";

/** Counts what is taken in a turn of the event loop, not what waits. */
function boundPerTurn(): (waitingBytes: number, frameBytes: number) => boolean {
  let taken = 0;
  return (_waitingBytes, frameBytes) => {
    if (taken === 0) {
      setImmediate(() => {
        taken = 0;
      });
    }
    taken += frameBytes;
    return taken <= 20 * LIMITS.maxQueueBytes;
  };
}

/** A process would have ended the first time. */
function throwOnce(): (socket: Socket) => void {
  let thrown = false;
  return (socket) => {
    socket.destroy();
    if (thrown) return;
    thrown = true;
    throw new RangeError("bad record");
  };
}

export const wrongWays: readonly Wrong<TransportSubject>[] = [
  {
    target: toy("goes on listening after close", { keepsListening: true }),
    caughtBy: "TRANSPORT-03",
    message: /can't listen|EADDRINUSE/,
  },
  {
    target: toy("rejects start with the system's own error", { startError: (error) => error }),
    caughtBy: "TRANSPORT-04",
    message: /RaftkitError/,
  },
  {
    target: toy("waits in close until the others hang up", {
      hangsUp: false,
      noticesSilence: () => false,
    }),
    caughtBy: "TRANSPORT-08",
    message: /close resolved/,
  },
  {
    target: toy("loses the lengths' highest bit", {
      join: (parts) => joined(parts).subarray(0, joined(parts).length & 0x7fff),
    }),
    caughtBy: "TRANSPORT-10",
    message: /32768 bytes/,
  },
  {
    target: toy("cuts frames off at 64 KiB", {
      join: (parts) => joined(parts).subarray(0, 65_536),
    }),
    caughtBy: "TRANSPORT-11",
    message: /a frame of 65537 bytes .* what came: a frame of 65536 bytes/,
  },
  {
    target: toy("turns everybody away", { mismatch: () => "no reason" }),
    caughtBy: "TRANSPORT-07",
    message: /n1 was told: .*rejected: MISMATCH: turned away n2: no reason/,
  },
  {
    target: toy("sends the first part only", { join: (parts) => parts[0] ?? new Uint8Array(0) }),
    caughtBy: "TRANSPORT-12",
    message: /what came: a frame of 1 bytes/,
  },
  {
    target: toy("ends a frame at its first empty part", {
      join: (parts) => joined(parts.slice(0, [...parts.map(({ length }) => length), 0].indexOf(0))),
    }),
    caughtBy: "TRANSPORT-12",
    message: /what came: a frame of 10 bytes/,
  },
  {
    target: toy("sends the whole buffer that a part is a view of", {
      join: (parts) => joined(parts.map(({ buffer }) => new Uint8Array(buffer))),
    }),
    caughtBy: "TRANSPORT-12",
    message: /arrived at n2/,
  },
  {
    target: toy("dials once", { redials: () => false }),
    caughtBy: "TRANSPORT-23",
    message:
      /arrived at n2 .*; what came: nothing; n1 was told: n2 is unreachable \(\d+ times\); n2 was told: nothing$/,
  },
  {
    target: toy("dials until it was connected once", { redials: (wasOpen) => !wasOpen }),
    caughtBy: "TRANSPORT-24",
    message: /arrived at n2/,
  },
  {
    target: toy("takes nodes of every cluster", {
      mismatch: (ours, theirs) => (ours.codec === theirs.codec ? undefined : "another codec"),
    }),
    caughtBy: "TRANSPORT-29",
    message: /got a frame from n/,
  },
  {
    target: toy("asks for the cluster, not for the codec", {
      mismatch: (ours, theirs) =>
        ours.clusterId === theirs.clusterId ? undefined : "another cluster",
    }),
    caughtBy: "TRANSPORT-31",
    message: /rejected/,
  },
  {
    target: toy("cuts off nobody", { disconnects: false }),
    caughtBy: "TRANSPORT-32",
    message: /was told that the other is unreachable/,
  },
  {
    target: toy("cuts off for ever", { keepsOutMs: Infinity }),
    caughtBy: "TRANSPORT-32",
    message: /arrived at n2/,
  },
  {
    target: toy("waits in close until all has been sent to everybody", { drainsFirst: true }),
    caughtBy: "TRANSPORT-33",
    message: /close resolved/,
  },
  {
    target: toy("stops reading in close, and waits for the rest of a frame", {
      end: (socket, amidFrame) => {
        if (amidFrame) socket.pause();
        else socket.destroy();
      },
    }),
    caughtBy: "TRANSPORT-34",
    message: /close resolved/,
  },
  {
    target: toy("has a queue without a bound", { hasRoom: () => true }),
    caughtBy: "TRANSPORT-37",
    message: /were taken in one turn/,
  },
  {
    target: toy("drops without a word what doesn't fit the queue", { reportsFull: false }),
    caughtBy: "TRANSPORT-37",
    message: /since a frame was dropped/,
  },
  {
    target: toy("doesn't notice that a connection is silent", {
      noticesSilence: () => false,
    }),
    caughtBy: "TRANSPORT-38",
    message: /reported as unreachable/,
  },
  {
    target: toy("looks for silence where it is dialled, not where it sends", {
      noticesSilence: (dialled) => dialled === undefined,
    }),
    caughtBy: "TRANSPORT-38",
    message: /n2 was reported as unreachable/,
  },
  {
    target: toyTarget(
      "bounds what is taken in a turn, not what waits",
      () => () => createToyTransport({ hasRoom: boundPerTurn() }),
    ),
    caughtBy: "TRANSPORT-39",
    message: /were taken for a peer that doesn't read/,
  },
  {
    target: toy("waits in close until the peer has read", {
      end: (socket) => {
        socket.end();
      },
    }),
    caughtBy: "TRANSPORT-40",
    message: /close resolved/,
  },
  {
    target: toy("gives a peer up when its connection has broken three times", {
      redials: (_wasOpen, losses) => losses < 3,
    }),
    caughtBy: "TRANSPORT-41",
    message: /arrived at n2/,
  },
  {
    // Whoever is quicker to dial again would hide it.
    target: toyTarget("gives a peer up so, and is the slower one of the two", () => {
      let made = 0;
      return () => {
        const redialMs = made++ === 0 ? 100 : 5;
        return createToyTransport({ redials: (_, losses) => losses < 3, redialMs: () => redialMs });
      };
    }),
    caughtBy: "TRANSPORT-41",
    message: /arrived at n2/,
  },
  {
    target: toy("takes the first bytes for a whole hello", { helloComesWhole: true }),
    caughtBy: "TRANSPORT-42",
    message: /arrived at n2/,
  },
  {
    target: toy("delivers what has come of a frame when the connection ends", {
      deliversRestAtEnd: true,
    }),
    caughtBy: "TRANSPORT-43",
    message: /delivered was a frame of/,
  },
  {
    target: toy("throws when bytes make no sense", { badRecord: throwOnce() }),
    caughtBy: "TRANSPORT-44",
    message: /outside of every promise: bad record/,
  },
  {
    target: toy("leaves checksums to TCP", { checksum: false }),
    caughtBy: "TRANSPORT-45",
    message: /delivered was a frame of 50000 bytes|had its disturbance/,
  },
];
