// Joins the parts into a `Transport`. It sends by itself, but never listens: its handler is mounted
// in the user's server.
import type { Hello, Transport, TransportHandler } from "@raftkit/core";
import { RaftkitError, checkLocalNode, helloOf } from "@raftkit/core";
import { PeerRejected } from "./errors.js";
import { isHttpAddress } from "./hello.js";
import { answer, unavailable } from "./inbound.js";
import { type HttpTransportOptions, type Settings, settle } from "./options.js";
import { backoffMs, createOutbox } from "./outbox.js";
import { type Lookouts, createLookouts } from "./lookouts.js";
import { createPeerBook, partnerOf } from "./peers.js";
import { post } from "./post.js";
import { createReading } from "./reading.js";
import { type Session, createReports } from "./session.js";

export interface HttpTransport extends Transport {
  /**
   * The server side: mount it under the path of this node's address, for POST. Answers 503 before
   * `start` and after `close`, so a server may listen earlier and longer. Rejects when the node's
   * own `receive` throws, and when somebody else (a body parser) has read the request's body
   * before.
   */
  readonly handler: (request: Request) => Promise<Response>;
}

/**
 * Carries frames between nodes in the bodies of HTTP requests. A peer's address is the http or
 * https URL under which its `handler` is mounted, such as `http://127.0.0.1:7101/raft`.
 * @throws {RaftkitError} `INVALID_OPTION`
 */
export function createHttpTransport(options: HttpTransportOptions = {}): HttpTransport {
  const settings = settle(options);
  let session: Session | undefined;
  let lookouts: Lookouts | undefined;
  let closed = false;

  return {
    maxFrameBytes: settings.maxFrameBytes,
    handler: (request) =>
      session === undefined || closed ? Promise.resolve(unavailable()) : answer(session, request),

    async start(node, handler) {
      if (session !== undefined || closed) {
        throw new RaftkitError(
          "ALREADY_STARTED",
          "this transport was started before; create another",
        );
      }
      checkLocalNode(node);
      if (!isHttpAddress(node.address)) {
        throw new RaftkitError(
          "INVALID_OPTION",
          `the address of ${node.id} is "${node.address}"; give the http or https URL where its handler is mounted, such as http://127.0.0.1:7101/raft`,
        );
      }
      const local = helloOf(node, settings.maxFrameBytes, null);
      session = createSession(settings, local, handler);
      lookouts = createLookouts(session);
    },

    setPeers(peers, seeds) {
      if (session === undefined || closed) return;
      const self = session.local.id;
      session.peers.list(
        peers.filter((peer) => peer.id !== self),
        seeds,
      );
      lookouts?.list(seeds);
    },

    send(to, parts) {
      const peer = session?.peers.get(to);
      if (peer === undefined || closed) return false;
      const refusedUntilMs = partnerOf(peer)?.refusedUntilMs ?? Number.NEGATIVE_INFINITY;
      return settings.clock.now() >= refusedUntilMs && peer.outbox.send(parts);
    },

    disconnect({ id, incarnation, run }) {
      const peer = session?.peers.get(id);
      const known = peer?.senders.get(incarnation);
      if (peer === undefined || known?.run !== run) return;
      known.refusedUntilMs = settings.clock.now() + backoffMs(Infinity, settings.random);
      known.reassembly.reset();
      lookouts?.forget(known);
      if (partnerOf(peer) === known) void peer.outbox.drop(new Error(`${id} was cut off`));
    },

    async close() {
      closed = true;
      if (session === undefined) return;
      session.closed = true;
      const reason = new Error("the transport closes");
      const reading = session.reading.all();
      for (const task of reading) task.abort(reason);
      await Promise.all([
        lookouts?.stop(reason),
        ...reading.map((task) => task.done.catch(() => undefined)),
        ...session.peers.all().map((peer) => peer.outbox.drop(reason)),
      ]);
    },
  };
}

function createSession(settings: Settings, local: Hello, handler: TransportHandler): Session {
  const peers = createPeerBook(settings.maxFrameBytes, (peer) =>
    createOutbox(settings, {
      post: (body, signal) => post(session, peer(), body, signal),
      lost(cause) {
        if (session.closed) return;
        if (cause instanceof PeerRejected) session.reject(peer().id, cause);
        handler.unreachable(peer().id);
      },
    }),
  );
  const session: Session = {
    settings,
    local,
    handler,
    peers,
    reading: createReading(peers),
    reject: createReports(settings.clock, handler, peers),
    closed: false,
  };
  return session;
}
