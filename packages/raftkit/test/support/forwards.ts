// What a follower forwards to its leader, and how it is answered there.
import type { Message } from "@raftkit/core";
import { decodeFrame, encodeFrame } from "@raftkit/core";
import type { Member } from "./cluster.js";
import { jsonCodec } from "./cluster.js";

type Forward = Extract<Message, { type: "forward" }>;

/** The forwards that leave this node, one after another. */
export function forwardsOf({ transport }: Member): Forward[] {
  const forwards: Forward[] = [];
  transport.refuses = (_to, frame) => {
    const message = decodeFrame(jsonCodec, frame);
    if (message?.type === "forward") forwards.push(message);
    return false;
  };
  return forwards;
}

/** The first of them is answered by n1, which leads no longer. @returns its first number */
export function refuseFirst({ id, transport }: Member, [forward]: readonly Forward[]): number {
  if (!forward) throw new Error("nothing was forwarded");
  const { term, firstSeq } = forward;
  const refusal: Message = {
    type: "forwardReply",
    to: `${id}-data-directory-1`,
    term,
    run: 1,
    firstSeq,
    count: forward.entries.count,
    verdict: "notLeader",
    firstIndex: 0,
    entryTerm: 0,
  };
  transport.inject(
    { id: "n1", incarnation: "n1-data-directory-1", run: 1 },
    Uint8Array.from(encodeFrame(jsonCodec, refusal).flatMap((part) => [...part])),
  );
  return firstSeq;
}
