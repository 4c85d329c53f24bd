// Transports that are wrong outside: something that is put around the toy, which is right, spoils
// it.
import type {
  NodeId,
  Peer,
  RaftkitError,
  Sender,
  Transport,
  TransportHandler,
} from "@raftkit/core";
import { isSame } from "../../src/bytes.js";
import type { TransportSubject } from "../../src/transport/subject.js";
import type { Wrong } from "../support/caught.js";
import { toyTarget } from "../transport/targets.js";
import { hearing, receiving, wrapped, wrapToy } from "../transport/wrapping.js";
import { oneQueue } from "./one-queue.js";

/** The first sender that came under a key stands for all that follow. */
function rememberFirst(
  keyOf: (from: Sender) => string,
): () => (from: Sender, frame: Uint8Array, receive: TransportHandler["receive"]) => void {
  return () => {
    const known = new Map<string, Sender>();
    return (from, frame, receive) => {
      const first = known.get(keyOf(from)) ?? from;
      known.set(keyOf(from), first);
      receive(
        {
          ...from,
          incarnation: first.incarnation,
          run: first.incarnation === from.incarnation ? first.run : from.run,
        },
        frame,
      );
    };
  };
}

/** Keeps equal frames once, to save memory: what was sent is what is received. */
function internFrames(): () => Transport {
  const kept: Uint8Array[] = [];
  return () =>
    wrapToy((inner) => ({
      send(to, parts) {
        const [only] = parts;
        if (parts.length === 1 && only !== undefined && !kept.includes(only)) kept.push(only);
        return inner.send(to, parts);
      },
      start: (local, handler) =>
        inner.start(local, {
          ...handler,
          receive: (from, frame) => {
            handler.receive(from, kept.find((known) => isSame(known, frame)) ?? frame);
          },
        }),
    }));
}

/** Changes a digit of values that have more than one. */
function spoils(): (from: Sender, frame: Uint8Array, receive: TransportHandler["receive"]) => void {
  return (from, frame, receive) => {
    const at = Buffer.from(frame)
      .toString("latin1")
      .search(/"value":\d\d/);
    if (at >= 0) frame[at + 8] = frame[at + 8] === 0x31 ? 0x32 : 0x31;
    receive(from, frame);
  };
}

function closesLate(inner: Transport): Partial<Transport> {
  return {
    start: (local, handler) =>
      inner.start(local, {
        ...handler,
        receive: (from, frame) => {
          setTimeout(() => {
            handler.receive(from, frame);
          }, 20);
        },
      }),
  };
}

export const wrongWrappers: readonly Wrong<TransportSubject>[] = [
  {
    target: wrapped("has started when somebody has spoken to it", (inner) => ({
      start: (local, handler) =>
        new Promise((resolve, reject) => {
          inner
            .start(local, {
              ...handler,
              receive: (from, frame) => {
                resolve();
                handler.receive(from, frame);
              },
            })
            .catch(reject);
        }),
    })),
    caughtBy: "TRANSPORT-01",
    message: /n1 started/,
  },
  {
    target: wrapped("never closes when it wasn't started", (inner) => {
      let started = false;
      return {
        start(local, handler) {
          started = true;
          return inner.start(local, handler);
        },
        close: () => (started ? inner.close() : new Promise(() => undefined)),
      };
    }),
    caughtBy: "TRANSPORT-02",
    message: /close resolved/,
  },
  {
    target: wrapped("rejects a second close", (inner) => {
      let closed = false;
      return {
        close() {
          if (closed) return Promise.reject(new Error("it is not running"));
          closed = true;
          return inner.close();
        },
      };
    }),
    caughtBy: "TRANSPORT-05",
    message: /it is not running/,
  },
  {
    target: wrapped("throws on send when it is closed", (inner) => {
      let closed = false;
      return {
        send(to, parts) {
          if (closed) throw new Error("it is closed");
          return inner.send(to, parts);
        },
        close() {
          closed = true;
          return inner.close();
        },
      };
    }),
    caughtBy: "TRANSPORT-06",
    message: /it is closed/,
  },
  {
    target: wrapped("takes peers only from who dials", () => ({ setPeers: () => undefined })),
    caughtBy: "TRANSPORT-07",
    message: /arrived at n2/,
  },
  {
    target: wrapped("takes no frame while it delivers one", (inner) => {
      let busy = false;
      return {
        start: (local, handler) =>
          inner.start(local, {
            ...handler,
            receive(from, frame) {
              busy = true;
              handler.receive(from, frame);
              busy = false;
            },
          }),
        send: (to, parts) => !busy && inner.send(to, parts),
      };
    }),
    caughtBy: "TRANSPORT-09",
    message: /inside `receive`/,
  },
  {
    target: receiving("uses one buffer for all that comes in", () => {
      const buffer = new Uint8Array(2 ** 20);
      return (from, frame, receive) => {
        buffer.set(frame);
        receive(from, buffer.subarray(0, frame.length));
      };
    }),
    caughtBy: "TRANSPORT-13",
    message: /later it was|never sent like that|arrived at n2/,
  },
  {
    target: toyTarget("hands out the sender's own bytes", internFrames),
    caughtBy: "TRANSPORT-14",
    message: /wrote over/,
  },
  {
    target: wrapped("takes frames above its limit and drops them", (inner) => ({
      send: (to, parts) =>
        inner.send(to, parts) || Buffer.concat(parts).length > inner.maxFrameBytes,
    })),
    caughtBy: "TRANSPORT-15",
    message: /send returned true/,
  },
  {
    target: receiving("keeps runs in 32 bits", () => (from, frame, receive) => {
      receive({ ...from, run: from.run | 0 }, frame);
    }),
    caughtBy: "TRANSPORT-16",
    message: /run 1099511627776\), but came as one of n3 \(.*, run 0\)/,
  },
  {
    target: receiving("delivers later, as frames of who spoke last", () => {
      let last: Sender | undefined;
      return (from, frame, receive) => {
        last = from;
        setImmediate(() => {
          receive(last ?? from, frame);
        });
      };
    }),
    caughtBy: "TRANSPORT-17",
    message: /but came as one of|nobody sent/,
  },
  {
    target: receiving(
      "remembers one incarnation for each id",
      rememberFirst(({ id, run }) => `${id} ${run}`),
    ),
    caughtBy: "TRANSPORT-18",
    message: /but came as one of n1/,
  },
  {
    target: wrapped("answers no stranger", (inner) => {
      let listed: readonly Peer[] = [];
      return {
        setPeers(peers, seeds) {
          listed = peers;
          inner.setPeers(peers, seeds);
        },
        send: (to, parts) => listed.some(({ id }) => id === to) && inner.send(to, parts),
      };
    }),
    caughtBy: "TRANSPORT-19",
    message: /arrived at n1/,
  },
  {
    target: wrapped("throws on send to a node that it doesn't know", (inner) => ({
      send(to, parts) {
        if (to === "n9") throw new TypeError(`no peer is called ${to}`);
        return inner.send(to, parts);
      },
    })),
    caughtBy: "TRANSPORT-20",
    message: /no peer is called n9/,
  },
  {
    target: wrapped("adds peers to those it has", (inner) => {
      const all = new Map<NodeId, Peer>();
      return {
        setPeers(peers, seeds) {
          for (const peer of peers) all.set(peer.id, peer);
          inner.setPeers([...all.values()], seeds);
        },
      };
    }),
    caughtBy: "TRANSPORT-21",
    message: /returned false/,
  },
  {
    target: wrapped("keeps the first address of a peer", (inner) => {
      const first = new Map<NodeId, Peer>();
      return {
        setPeers(peers, seeds) {
          inner.setPeers(
            peers.map((peer) => {
              const known = first.get(peer.id) ?? peer;
              first.set(peer.id, known);
              return known;
            }),
            seeds,
          );
        },
      };
    }),
    caughtBy: "TRANSPORT-22",
    message: /arrived at n2/,
  },
  {
    target: receiving(
      "remembers the run of a data directory",
      rememberFirst(({ id, incarnation }) => `${id} ${incarnation}`),
    ),
    caughtBy: "TRANSPORT-25",
    message: /run 9\), but came as one of n1 \(.*, run 8\)/,
  },
  {
    target: receiving("takes a lower run for an old process, whatever the data directory", () => {
      const highest = new Map<NodeId, number>();
      return (from, frame, receive) => {
        if (from.run < (highest.get(from.id) ?? 0)) return;
        highest.set(from.id, from.run);
        receive(from, frame);
      };
    }),
    caughtBy: "TRANSPORT-26",
    message: /arrived at n2/,
  },
  {
    target: hearing("keeps to itself who is unreachable", () => ({ unreachable: () => undefined })),
    caughtBy: "TRANSPORT-27",
    message: /reported as unreachable/,
  },
  {
    target: wrapped("has one queue for all peers", oneQueue),
    caughtBy: "TRANSPORT-28",
    message: /arrived at n3/,
  },
  {
    target: hearing("turns away without a word", () => ({
      rejected: (_error: RaftkitError) => undefined,
    })),
    caughtBy: "TRANSPORT-30",
    message: /through `rejected`/,
  },
  {
    target: wrapped("delivers a moment later, also when it was closed meanwhile", closesLate),
    caughtBy: "TRANSPORT-35",
    message: /after close resolved the handler was called/,
  },
  {
    target: wrapped("leaves a timer behind", (inner) => ({
      start(local, handler) {
        const timer = setInterval(() => undefined, 1000);
        setTimeout(() => {
          clearInterval(timer);
        }, 10_000).unref();
        return inner.start(local, handler);
      },
    })),
    caughtBy: "TRANSPORT-36",
    message: /handles are left: .*Timeout/,
  },
  {
    target: {
      ...wrapped("says of every frame that it wasn't sent", (inner) => ({
        send: (to, parts) => inner.send(to, parts) && false,
      })),
      capabilities: [],
    },
    caughtBy: "TRANSPORT-46",
    message: /a proposal on n\d was applied/,
  },
  {
    target: receiving("spoils a byte of some entries", spoils),
    caughtBy: "TRANSPORT-47",
    message: /applied different commands|was acknowledged, but is on no node|not linearizable/,
  },
];
