// Transports that are wrong in one way each, as a colleague might write them, and the case that names this way.
import type { LocalNode, NodeId, Sender, Transport, TransportHandler } from "@raftkit/core";
import { RaftkitError } from "@raftkit/core";
import type { TransportSubject } from "../../src/index.js";
import type { Wrong } from "../support/caught.js";
import type { Toy } from "./toy.js";
import { toyTarget } from "./toy.js";

/** What a wrong transport waits in vain for need not be waited for long. */
const PATIENCE_MS = 400;

/** Wrong in what it does in one point. */
function wrong(caughtBy: string, name: string, message: RegExp, changes: () => Partial<Toy>): Wrong<TransportSubject> {
  return { caughtBy, message, target: toyTarget(name, changes, undefined, PATIENCE_MS) };
}

/** Wrong around a right one. */
function wrapped(caughtBy: string, name: string, message: RegExp, wrap: (inner: Transport) => Partial<Transport>): Wrong<TransportSubject> {
  return { caughtBy, message, target: toyTarget(name, undefined, (inner) => ({ ...inner, ...wrap(inner) }), PATIENCE_MS) };
}

/** Passes on what the inner transport tells, changed. */
function handled(inner: Transport, change: (handler: TransportHandler, local: LocalNode) => Partial<TransportHandler>): Partial<Transport> {
  return { start: (local, handler) => inner.start(local, { ...handler, ...change(handler, local) }) };
}

const never = (): Promise<never> => new Promise(() => undefined);

const wrongLives: readonly Wrong<TransportSubject>[] = [
  wrapped("TRANSPORT-01", "a close that waits for ever", /close resolved/, () => ({ close: never })),
  wrapped("TRANSPORT-02", "a close that needs a start", /./, (inner) => {
    let isStarted = false;
    return {
      start: (local, handler) => { isStarted = true; return inner.start(local, handler); },
      close: () => isStarted ? inner.close() : never(),
    };
  }),
  wrapped("TRANSPORT-03", "an address that is kept after close", /ADDRESS|listens|next run/, () => ({ close: () => Promise.resolve() })),
  wrapped("TRANSPORT-04", "an address in use that is told as a plain error", /RaftkitError/, (inner) => ({
    start: (local, handler) => inner.start(local, handler).catch(() => { throw new Error("EADDRINUSE"); }),
  })),
  wrapped("TRANSPORT-05", "a second close that never ends", /close resolved/, (inner) => {
    let calls = 0;
    return { close: () => ++calls === 1 ? inner.close() : never() };
  }),
  wrapped("TRANSPORT-06", "a send that throws when it is too early", /not started/, (inner) => {
    let isStarted = false;
    return {
      start: (local, handler) => { isStarted = true; return inner.start(local, handler); },
      send(to, parts) {
        if (!isStarted) throw new Error("not started");
        return inner.send(to, parts);
      },
    };
  }),
  wrapped("TRANSPORT-06", "a send that promises what is over", /after close/, (inner) => {
    let isStarted = false;
    return {
      start: (local, handler) => { isStarted = true; return inner.start(local, handler); },
      send: (to, parts) => inner.send(to, parts) || (isStarted && to === "n2" && parts[0]?.length === 10),
    };
  }),
];

const wrongFrames: readonly Wrong<TransportSubject>[] = [
  wrapped("TRANSPORT-07", "a connection that is used one way only", /in vain/, (inner) => {
    let isSecond = false;
    return {
      start: (local, handler) => { isSecond = local.id === "n2"; return inner.start(local, handler); },
      send: (to, parts) => isSecond || inner.send(to, parts),
    };
  }),
  wrong("TRANSPORT-08", "a length of 16 bits", /65536 bytes/, () => ({ deliver: (frame) => frame.slice(0, frame.length === 65_536 ? 0 : frame.length) })),
  wrapped("TRANSPORT-08", "short frames taken for a sign of life", /in vain/, (inner) => handled(inner, (handler) => ({ receive: (from, frame) => { if (frame.length > 4) handler.receive(from, frame); } }))),
  wrong("TRANSPORT-09", "the first chunk only", /65537 bytes/, () => ({ deliver: (frame) => frame.slice(0, 65_536) })),
  wrong("TRANSPORT-09", "a limit below its own maxFrameBytes", /in vain/, () => ({ maxSentBytes: 500_000 })),
  wrong("TRANSPORT-10", "no more than 255 parts", /in vain/, () => ({ join: (parts) => Uint8Array.from(Buffer.concat(parts.slice(0, 255))) })),
  wrong("TRANSPORT-10", "parts that end at the first empty one", /in vain/, () => ({ join: (parts) => Uint8Array.from(Buffer.concat(parts.slice(0, parts.findIndex(({ length }) => length === 0) >>> 0))) })),
  wrong("TRANSPORT-11", "one buffer for all that comes in", /later it was/, () => {
    const buffer = new Uint8Array(2 ** 20);
    return { deliver: (frame) => { buffer.set(frame); return buffer.subarray(0, frame.length); } };
  }),
  wrong("TRANSPORT-12", "the sender's own bytes", /sender's bytes changed/, () => ({ join: (parts) => parts[0] !== undefined && parts.length === 1 ? parts[0] : Uint8Array.from(Buffer.concat(parts)), deliver: (frame) => frame })),
  wrong("TRANSPORT-13", "frames of any size, cut to fit", /above maxFrameBytes/, () => ({ maxSentBytes: Infinity, maxQueueBytes: Infinity, deliver: (frame) => frame.slice(0, 2 ** 20) })),
];

const wrongNames: readonly Wrong<TransportSubject>[] = [
  wrong("TRANSPORT-14", "runs that are never told", /run 1\)/, () => ({ senderOf: ({ id, incarnation }) => ({ id, incarnation, run: 1 }) })),
  wrapped("TRANSPORT-15", "the sender of the frame before, when a frame comes in several pieces", /but came as one of/, (inner) => {
    let last: Sender | undefined;
    return handled(inner, (handler) => ({
      receive(from, frame) {
        const told = frame.length > 30_000 && last?.id !== from.id && last !== undefined && last.run >= 10 ? last : from;
        last = from;
        handler.receive(told, frame);
      },
    }));
  }),
  wrong("TRANSPORT-16", "names that are asked once", /but came as one of/, () => {
    const known = new Map<NodeId, Sender>();
    return { senderOf: ({ id, incarnation, run }) => known.get(id) ?? known.set(id, { id, incarnation, run }).get(id) ?? { id, incarnation, run } };
  }),
  wrong("TRANSPORT-23", "a run that is asked once for each data directory", /run 9\), but came as one of/, () => {
    const known = new Map<string, Sender>();
    return { senderOf: ({ id, incarnation, run }) => known.get(incarnation) ?? known.set(incarnation, { id, incarnation, run }).get(incarnation) ?? { id, incarnation, run } };
  }),
  wrapped("TRANSPORT-24", "an ear for the highest run only", /in vain/, (inner) => {
    const highest = new Map<NodeId, number>();
    return handled(inner, (handler) => ({
      receive(from, frame) {
        if (from.run < (highest.get(from.id) ?? 0) && from.incarnation.startsWith("another")) return;
        highest.set(from.id, from.run);
        handler.receive(from, frame);
      },
    }));
  }),
];

const wrongPeers: readonly Wrong<TransportSubject>[] = [
  wrong("TRANSPORT-17", "no answer to strangers", /in vain/, () => ({ addressOf: (id, peers) => peers.get(id) })),
  wrapped("TRANSPORT-18", "a throw at an unknown name", /no such peer/, (inner) => {
    let local: LocalNode | undefined;
    return {
      start: (own, handler) => { local = own; return inner.start(own, handler); },
      close: () => { local = undefined; return inner.close(); },
      send(to, parts) {
        const isSent = inner.send(to, parts);
        if (!isSent && local !== undefined && to === "n9") throw new Error(`no such peer: ${to}`);
        return isSent;
      },
    };
  }),
  wrapped("TRANSPORT-18", "a promise to an unknown name", /should return false/, (inner) => ({ send: (to, parts) => inner.send(to, parts) || to === "n9" })),
  wrong("TRANSPORT-19", "peers that only grow", /peer that left/, () => ({ list: (before, peers) => new Map([...before, ...peers.map(({ id, address }) => [id, address] as const)]) })),
  wrong("TRANSPORT-20", "an address that is never changed", /in vain/, () => ({
    list: (before, peers) => new Map(peers.map(({ id, address }) => [id, before.get(id) ?? address])),
    addressOf: (id, peers, met) => peers.get(id) ?? met.get(id),
  })),
  wrong("TRANSPORT-25", "losses that nobody is told of", /reported as unreachable/, () => ({ reports: () => false })),
  wrapped("TRANSPORT-26", "one queue for all", /in vain/, (inner) => {
    /** While this many peers are dead everything waits for them. */
    const dead = new Set<NodeId>();
    return {
      ...handled(inner, (handler) => ({
        unreachable(to) {
          if (to === "n2" || to === "n4") dead.add(to);
          handler.unreachable(to);
        },
      })),
      send: (to, parts) => dead.size > 1 && !dead.has(to) ? true : inner.send(to, parts),
    };
  }),
  wrapped("TRANSPORT-21", "a peer that is given up when it wasn't there at first", /in vain/, (inner) => {
    const [reached, given] = [new Set<NodeId>(), new Set<NodeId>()];
    return {
      ...handled(inner, (handler) => ({
        unreachable(to) {
          if (!reached.has(to)) given.add(to);
          handler.unreachable(to);
        },
      })),
      send(to, parts) {
        if (given.has(to)) return true;
        return inner.send(to, parts);
      },
    };
  }),
  wrapped("TRANSPORT-22", "a connection that is never made again", /in vain/, (inner) => {
    const [heard, lost] = [new Set<NodeId>(), new Set<NodeId>()];
    return {
      ...handled(inner, (handler) => ({
        receive(from, frame) { heard.add(from.id); handler.receive(from, frame); },
        unreachable(to) { if (heard.has(to)) lost.add(to); handler.unreachable(to); },
      })),
      send: (to, parts) => lost.has(to) || inner.send(to, parts),
    };
  }),
  wrapped("TRANSPORT-27", "no ear for disconnect", /cut off/, () => ({ disconnect: () => undefined })),
  wrong("TRANSPORT-27", "a disconnect for ever", /in vain/, () => ({ cutOffMs: Infinity })),
];

const wrongStrangers: readonly Wrong<TransportSubject>[] = [
  wrong("TRANSPORT-28", "any cluster", /was not turned away/, () => ({ refusal: () => undefined })),
  wrong("TRANSPORT-29", "strangers turned away in silence", /rejected/, () => ({ reportsRefusals: false })),
  { caughtBy: "TRANSPORT-30", message: /rejected|not turned away/, target: toyTarget("any codec", () => ({ refusal: (local, from) => local.clusterId === from.clusterId ? undefined : new RaftkitError("WRONG_CLUSTER", `${from.id} is of another cluster`) }), undefined, PATIENCE_MS) },
];

const wrongEnds: readonly Wrong<TransportSubject>[] = [
  wrapped("TRANSPORT-31", "a close that waits for what was sent", /close resolved/, (inner) => {
    let undelivered = 0;
    return {
      ...handled(inner, (handler) => ({ unreachable(to) { undelivered++; handler.unreachable(to); } })),
      send(to, parts) {
        if (to === "n3") undelivered++;
        return inner.send(to, parts);
      },
      close: () => undelivered >= 10 ? never() : inner.close(),
    };
  }),
  wrapped("TRANSPORT-33", "a frame that was on its way when it closed", /after close resolved/, (inner) => {
    let late = (): void => undefined;
    return {
      ...handled(inner, (handler) => ({
        receive(from, frame) {
          late = () => handler.receive(from, frame.slice());
          handler.receive(from, frame);
        },
      })),
      close: () => inner.close().then(() => void setTimeout(() => late(), 2)),
    };
  }),
  wrapped("TRANSPORT-34", "a timer that is left behind", /handles are left: Timeout/, (inner) => {
    // It rings so late that it is still there when the case looks, and so soon that no test waits for it.
    return { start: (local, handler) => { setTimeout(() => undefined, 8 * PATIENCE_MS); return inner.start(local, handler); } };
  }),
  wrong("TRANSPORT-35", "a queue without an end", /were taken in one turn/, () => ({ maxQueueBytes: Infinity })),
  wrong("TRANSPORT-35", "a full queue that nobody is told of", /reported as unreachable/, () => ({ reports: (reason) => reason !== "full" })),
  wrong("TRANSPORT-39", "a cut link that nobody is told of", /reported as unreachable/, () => ({ reports: (reason) => reason !== "cut" })),
];

export const wrongTransports: readonly Wrong<TransportSubject>[] = [...wrongLives, ...wrongFrames, ...wrongNames, ...wrongPeers, ...wrongStrangers, ...wrongEnds];
