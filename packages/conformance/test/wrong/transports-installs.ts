// Transports that are right for every single frame, and wrong for large ones that follow one another
// closely, as the parts of a snapshot do.
import type { Sender, TransportHandler } from "@raftkit/core";
import { isSame } from "../../src/bytes.js";
import type { TransportSubject } from "../../src/transport/subject.js";
import type { Wrong } from "../support/caught.js";
import { receiving } from "../transport/wrapping.js";

const LARGE_BYTES = 100_000;

type Receive = TransportHandler["receive"];

/** Large frames are expensive, so their memory is used again: by then the last one has been read. */
function reusesMemory(): (from: Sender, frame: Uint8Array, receive: Receive) => void {
  const memory = new Uint8Array(2 ** 20);
  return (from, frame, receive) => {
    if (frame.length < LARGE_BYTES) {
      receive(from, frame);
      return;
    }
    memory.set(frame);
    receive(from, memory.subarray(0, frame.length));
  };
}

/** To spare the node doubles, where they cost something. */
function dropsDoubles(): (from: Sender, frame: Uint8Array, receive: Receive) => void {
  let before = new Uint8Array(0);
  return (from, frame, receive) => {
    if (frame.length >= LARGE_BYTES) {
      const beginning = frame.slice(4, 64); // behind the header's length
      if (isSame(before, beginning)) return;
      before = beginning;
    }
    receive(from, frame);
  };
}

export const wrongInstalls: readonly Wrong<TransportSubject>[] = [
  {
    target: receiving("uses the memory of large frames again", reusesMemory),
    caughtBy: "TRANSPORT-62",
    message: /arrived, but not as they were sent/,
  },
  {
    target: receiving("takes a large frame that begins like the last for its double", dropsDoubles),
    caughtBy: "TRANSPORT-62",
    message: /waited in vain until .*parts of \d+ bytes of the leader's snapshot/,
  },
];
