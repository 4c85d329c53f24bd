// The network of a simulated cluster when nothing is wrong with it.
import type { Codec } from "@raftkit/core";
import { decodeFrame } from "@raftkit/core";
import type { LinkSettings, SeededRandom, VirtualNetwork, VirtualTime } from "@raftkit/simulation";
import { createVirtualNetwork, describeMessage, fingerprint, soundLink } from "@raftkit/simulation";

/** Like connections, or like datagrams. */
export function soundLinkOf(random: SeededRandom): LinkSettings {
  const min = random.between(0.1, 2);
  return {
    ...soundLink,
    ordered: random.chance(0.6),
    delayMs: { min, max: min + random.between(0.1, 4) },
  };
}

export function createNetwork(
  time: VirtualTime,
  random: SeededRandom,
  codec: Codec,
  link: LinkSettings,
  maxFrameBytes: number,
  note: (line: string, detail?: () => string) => void,
): VirtualNetwork {
  const network = createVirtualNetwork(time, random.fork("network"), {
    link,
    maxFrameBytes,
    maxQueueBytes: 32 * 1024,
    // As transport-tcp: a frame whose checksum is wrong never arrives. But what a node can tell by
    // itself, it must.
    unnoticed: (frame) => decodeFrame(codec, frame) === undefined,
  });
  network.onPacket((what, { from, to, frame, number }) => {
    if (what === "sent") {
      note(`${from.id}>${to} ${number} ${fingerprint(frame)}`, () =>
        describeMessage(decodeFrame(codec, frame)),
      );
    } else note(`${from.id}>${to} ${number} ${what}`);
  });
  return network;
}
