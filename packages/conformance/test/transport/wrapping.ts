// Puts something around the toy transport, for targets that are wrong outside: around all of it, or
// only around what it tells its node.
import type { Sender, Transport, TransportHandler } from "@raftkit/core";
import type { Target } from "../../src/suite.js";
import type { TransportSubject } from "../../src/transport/subject.js";
import { toyTarget } from "./targets.js";
import { createToyTransport } from "./toy.js";

type Wrap = (inner: Transport) => Partial<Transport>;

/** @param wrap what a wrapper does otherwise; all else goes to the toy */
export function wrapped(name: string, wrap: Wrap): Target<TransportSubject> {
  return toyTarget(name, () => () => wrapToy(wrap));
}

export function wrapToy(wrap: Wrap): Transport {
  const inner = createToyTransport();
  return { ...inner, ...wrap(inner) };
}

/** Only what is told to the node differs. */
export function hearing(
  name: string,
  hear: (handler: TransportHandler) => Partial<TransportHandler>,
): Target<TransportSubject> {
  return wrapped(name, (inner) => ({
    start: (local, handler) => inner.start(local, { ...handler, ...hear(handler) }),
  }));
}

export function receiving(
  name: string,
  make: () => (from: Sender, frame: Uint8Array, receive: TransportHandler["receive"]) => void,
): Target<TransportSubject> {
  return hearing(name, (handler) => {
    const take = make();
    return {
      receive: (from, frame) => {
        take(from, frame, (sender, bytes) => {
          handler.receive(sender, bytes);
        });
      },
    };
  });
}
