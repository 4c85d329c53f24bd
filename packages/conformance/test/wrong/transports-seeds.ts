// Transports that are right for peers, and wrong where nobody has said yet who is there.
import { connect } from "node:net";
import { RaftkitError } from "@raftkit/core";
import type { NodeId, Peer, Sender, Transport, TransportHandler } from "@raftkit/core";
import type { TransportSubject } from "../../src/transport/subject.js";
import type { Wrong } from "../support/caught.js";
import { toy } from "../transport/targets.js";
import { hearing, wrapped } from "../transport/wrapping.js";

/** Changes the lists on their way. */
function listing(
  change: (
    peers: readonly Peer[],
    seeds: readonly string[],
  ) => [readonly Peer[], readonly string[]],
): (inner: Transport) => Partial<Transport> {
  return (inner) => ({
    setPeers: (peers, seeds) => {
      inner.setPeers(...change(peers, seeds));
    },
  });
}

/** What is told differs, and depends on the lists. */
function telling(
  tell: (handler: TransportHandler, lists: Lists) => Partial<TransportHandler>,
): (inner: Transport) => Partial<Transport> {
  return (inner) => {
    const lists: Lists = { peers: [], seeds: [] };
    return {
      start: (local, handler) => inner.start(local, { ...handler, ...tell(handler, lists) }),
      setPeers(peers, seeds) {
        [lists.peers, lists.seeds] = [peers, seeds];
        inner.setPeers(peers, seeds);
      },
    };
  };
}

interface Lists {
  peers: readonly Peer[];
  seeds: readonly string[];
}

const isListed = ({ peers }: Lists, id: NodeId): boolean => peers.some((peer) => peer.id === id);

/** Who was met is a stranger until it speaks. */
function sendsToPeersAndCallers(inner: Transport): Partial<Transport> {
  const known = new Set<NodeId>();
  return {
    start: (local, handler) =>
      inner.start(local, {
        ...handler,
        receive(from, frame) {
          known.add(from.id);
          handler.receive(from, frame);
        },
      }),
    setPeers(peers, seeds) {
      for (const { id } of peers) known.add(id);
      inner.setPeers(peers, seeds);
    },
    send: (to, parts) => known.has(to) && inner.send(to, parts),
  };
}

function meetsEachRunOnce(handler: TransportHandler): Partial<TransportHandler> {
  const known = new Set<string>();
  return {
    met({ id, incarnation, run }) {
      const key = `${id} ${incarnation} ${run}`;
      if (!known.has(key)) handler.met({ id, incarnation, run });
      known.add(key);
    },
  };
}

/** While a seed leads to a peer, every other frame for it is lost. */
function losesFramesOfPeersMet(inner: Transport): Partial<Transport> {
  const met = new Set<NodeId>();
  let [told, peers, sent]: [TransportHandler | undefined, readonly Peer[], number] = [
    undefined,
    [],
    0,
  ];
  return {
    start(local, handler) {
      told = handler;
      return inner.start(local, {
        ...handler,
        met(from) {
          met.add(from.id);
          handler.met(from);
        },
      });
    },
    setPeers(listed, seeds) {
      peers = listed;
      inner.setPeers(listed, seeds);
    },
    send(to, parts) {
      if (!met.has(to) || !isListed({ peers, seeds: [] }, to) || ++sent % 2 === 0) {
        return inner.send(to, parts);
      }
      setImmediate(() => told?.unreachable(to));
      return false;
    },
  };
}

/** Looks on when it has closed. */
function looksOn(inner: Transport): Partial<Transport> {
  let [told, looked]: [TransportHandler | undefined, readonly string[]] = [undefined, []];
  const someone: Sender = { id: "n2", incarnation: "data-directory-of-n2", run: 1 };
  return {
    start(local, handler) {
      told = handler;
      return inner.start(local, handler);
    },
    setPeers(peers, seeds) {
      looked = seeds;
      inner.setPeers(peers, seeds);
    },
    async close() {
      await inner.close();
      if (looked.length === 0) return;
      const timer = setInterval(() => {
        for (const seed of looked) {
          const socket = connect(Number(seed.split(":")[1]), "127.0.0.1", () => {
            told?.met(someone);
            socket.destroy();
          });
          socket.on("error", () => undefined);
        }
      }, 5);
      setTimeout(() => {
        clearInterval(timer);
      }, 5000);
    },
  };
}

export const wrongSeeds: readonly Wrong<TransportSubject>[] = [
  {
    target: wrapped("sends only to peers and to who spoke", sendsToPeersAndCallers),
    caughtBy: "TRANSPORT-63",
    message: /arrived at n2/,
  },
  {
    target: hearing("says nothing of who it meets", () => ({ met: () => undefined })),
    caughtBy: "TRANSPORT-63",
    message: /was met/,
  },
  {
    target: hearing("keeps runs of who it meets in 32 bits", (handler) => ({
      met: (from) => {
        handler.met({ ...from, run: from.run | 0 });
      },
    })),
    caughtBy: "TRANSPORT-63",
    message: /was met/,
  },
  {
    target: hearing("meets whoever speaks", (handler) => ({
      receive(from, frame) {
        handler.met(from);
        handler.receive(from, frame);
      },
    })),
    caughtBy: "TRANSPORT-63",
    message: /was met \d+ times|has no seeds/,
  },
  {
    target: toy("gives a seed up where nobody listens", { seeksOn: (wasOpen) => wasOpen }),
    caughtBy: "TRANSPORT-64",
    message: /was met by n1/,
  },
  {
    target: toy("leaves a seed when it has met who is there", { seeksOn: (wasOpen) => !wasOpen }),
    caughtBy: "TRANSPORT-65",
    message: /run 2\) was met by n1/,
  },
  {
    target: hearing("meets each run once", meetsEachRunOnce),
    caughtBy: "TRANSPORT-66",
    message: /was met by n1/,
  },
  {
    target: wrapped(
      "looks for peers alone, and turns others away without a word",
      telling((handler, lists) => ({
        rejected(error) {
          if (lists.peers.length > 0) handler.rejected(error);
        },
      })),
    ),
    caughtBy: "TRANSPORT-67",
    message: /through `rejected`/,
  },
  {
    target: wrapped(
      "meets whoever it turns away",
      telling((handler, lists) => ({
        rejected(error) {
          handler.rejected(error);
          if (lists.seeds.length > 0) {
            handler.met({ id: "n2", incarnation: "data-directory-of-n2", run: 1 });
          }
        },
      })),
    ),
    caughtBy: "TRANSPORT-67",
    message: /n2 was met, though/,
  },
  {
    target: toy("meets itself", { knowsItself: false }),
    caughtBy: "TRANSPORT-68",
    message: /n1 met itself/,
  },
  {
    target: wrapped("reports that its own address is among the seeds", (inner) => {
      let [own, told]: [string, TransportHandler | undefined] = ["", undefined];
      return {
        start(local, handler) {
          [own, told] = [local.address, handler];
          return inner.start(local, handler);
        },
        setPeers(peers, seeds) {
          inner.setPeers(peers, seeds);
          if (!seeds.includes(own)) return;
          setImmediate(() => told?.rejected(new RaftkitError("DUPLICATE_ID", "that is me")));
        },
      };
    }),
    caughtBy: "TRANSPORT-68",
    message: /was told: that is me/,
  },
  {
    target: wrapped(
      "doesn't meet who is a peer",
      telling((handler, lists) => ({
        met(from) {
          if (!isListed(lists, from.id)) handler.met(from);
        },
      })),
    ),
    caughtBy: "TRANSPORT-69",
    message: /was met by n1/,
  },
  {
    target: wrapped("loses frames for a peer that it met", losesFramesOfPeersMet),
    caughtBy: "TRANSPORT-69",
    message: /after a seed led to it too, n1 was told/,
  },
  {
    target: wrapped("adds seeds to those it has", (inner) => {
      const all = new Set<string>();
      return listing((peers, seeds) => {
        for (const seed of seeds) all.add(seed);
        return [peers, [...all]];
      })(inner);
    }),
    caughtBy: "TRANSPORT-70",
    message: /returned false/,
  },
  {
    target: wrapped("keeps the seeds that it got first", (inner) => {
      let first: readonly string[] = [];
      return listing((peers, seeds) => {
        if (first.length === 0) first = seeds;
        return [peers, seeds.length === 0 ? [] : first];
      })(inner);
    }),
    caughtBy: "TRANSPORT-70",
    message: /n3 \(run 1\) was met/,
  },
  {
    target: wrapped(
      "knows eight seeds at most",
      listing((peers, seeds) => [peers, seeds.slice(0, 8)]),
    ),
    caughtBy: "TRANSPORT-71",
    message: /was met by n0/,
  },
  {
    target: wrapped(
      "throws on a seed that is no address",
      listing((peers, seeds) => {
        for (const seed of seeds) {
          if (!/:\d+$/.test(seed)) throw new TypeError(`"${seed}" is no address`);
        }
        return [peers, seeds];
      }),
    ),
    caughtBy: "TRANSPORT-72",
    message: /"" is no address/,
  },
  {
    target: wrapped("looks on when it has closed", looksOn),
    caughtBy: "TRANSPORT-73",
    message: /after close resolved n2 was met/,
  },
];
