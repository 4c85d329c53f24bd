// Targets for the suite: the toy on loopback sockets, as it is or made wrong.
import type { Transport } from "@raftkit/core";
import type { Target } from "../../src/suite.js";
import { createSocketLinks } from "../../src/transport/socket-links.js";
import type { TransportSubject } from "../../src/transport/subject.js";
import { encodeRecord, Kind } from "./toy-records.js";
import { createToyTransport, LIMITS } from "./toy.js";
import type { Ways } from "./toy.js";

/**
 * A wrong adapter keeps its case waiting until the suite loses its patience: little here, as right
 * ones answer at once.
 */
const patienceMs = 800;

/** @param network makes what makes the transports of one network */
export function toyTarget(name: string, network: () => () => Transport): Target<TransportSubject> {
  return {
    name,
    capabilities: ["listen", "queue", "cut", "stall", "stream", "checksum", "introduction"],
    create() {
      const links = createSocketLinks();
      return {
        address: async () => `127.0.0.1:${await links.freePort()}`,
        transport: network(),
        links,
        maxQueueBytes: LIMITS.maxQueueBytes,
        patienceMs,
        introduction: (words) => encodeRecord(Kind.hello, words),
      };
    },
    dispose: ({ links }) => links?.close?.(),
  };
}

export const toy = (name: string, ways: Partial<Ways> = {}): Target<TransportSubject> =>
  toyTarget(name, () => () => createToyTransport(ways));

/** The same, for which cases wait so long. */
export function waitedFor(
  target: Target<TransportSubject>,
  boundMs: number,
): Target<TransportSubject> {
  return { ...target, create: async () => ({ ...(await target.create()), patienceMs: boundMs }) };
}

/** The toy, whose addresses are paths. */
export const onUnixSockets: Target<TransportSubject> = {
  ...toy("listens on Unix sockets"),
  create() {
    const links = createSocketLinks();
    return {
      address: () => links.freePath(),
      transport: () => createToyTransport(),
      links,
      maxQueueBytes: LIMITS.maxQueueBytes,
      patienceMs,
      introduction: (words) => encodeRecord(Kind.hello, words),
    };
  },
};
