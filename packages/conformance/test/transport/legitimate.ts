// Transports that are slow or lose much, and right all the same: what the contract allows must pass
// every case.
import type { Transport } from "@raftkit/core";
import { createChance } from "../../src/random.js";
import type { Target } from "../../src/suite.js";
import type { TransportSubject } from "../../src/transport/subject.js";
import { isWhole } from "../support/whole.js";
import { toyTarget, waitedFor } from "./targets.js";
import { createToyTransport } from "./toy.js";

interface Network {
  /** For so long every frame is under way, in milliseconds; and up to so much longer. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** How likely a frame is lost, doubled: 0 to 1. */
  readonly loss: number;
  readonly doubled: number;
}

/** What arrives at the toy is passed on as such a network would. */
function passedOn(network: Network, seed: number): Transport {
  const inner = createToyTransport();
  const { next } = createChance(seed);
  const underWay = new Set<ReturnType<typeof setTimeout>>();
  return {
    ...inner,
    start: (local, handler) =>
      inner.start(local, {
        ...handler,
        receive(from, frame) {
          if (next() < network.loss) return;
          for (const copy of next() < network.doubled ? [frame, frame.slice()] : [frame]) {
            const timer = setTimeout(
              () => {
                underWay.delete(timer);
                handler.receive(from, copy);
              },
              network.delayMs + next() * network.jitterMs,
            );
            underWay.add(timer);
          }
        },
      }),
    close() {
      for (const timer of underWay) clearTimeout(timer);
      underWay.clear();
      return inner.close();
    },
  };
}

/** Half of this a case keeps a peer away, so that a shorter one is a quicker run. */
const patienceMs = isWhole ? 10_000 : 4000;

function legitimate(name: string, network: Network): Target<TransportSubject> {
  const target = toyTarget(name, () => {
    let seed = 0;
    return () => passedOn(network, ++seed);
  });
  return waitedFor(target, patienceMs);
}

const delayMs = isWhole ? 100 : 10;

export const slowTransport: Target<TransportSubject> = legitimate(
  `takes ${delayMs} ms for every frame`,
  { delayMs, jitterMs: 0, loss: 0, doubled: 0 },
);

export const lossyTransport: Target<TransportSubject> = legitimate(
  "loses 5 %, doubles 10 %, reorders and delays",
  { delayMs: 0, jitterMs: isWhole ? 20 : 10, loss: 0.05, doubled: 0.1 },
);
