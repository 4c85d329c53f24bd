// A transport with one queue for all peers: who can't be reached keeps the others waiting.
import type { NodeId, Peer, Transport } from "@raftkit/core";

/** Frames for all peers leave in their order, each when its peer can be reached. */
export function oneQueue(inner: Transport): Partial<Transport> {
  const queue: { readonly to: NodeId; readonly parts: readonly Uint8Array[] }[] = [];
  let listed: readonly Peer[] = [];
  let timer: NodeJS.Timeout | undefined;
  return {
    async start(local, handler) {
      await inner.start(local, handler);
      timer = setInterval(() => {
        for (
          let head = queue[0];
          head !== undefined && inner.send(head.to, head.parts);
          head = queue[0]
        ) {
          queue.shift();
        }
      }, 1);
    },
    setPeers(peers, seeds) {
      listed = peers;
      inner.setPeers(peers, seeds);
    },
    send(to, parts) {
      if (
        timer === undefined ||
        !listed.some(({ id }) => id === to) ||
        Buffer.concat(parts).length > inner.maxFrameBytes
      ) {
        return inner.send(to, parts);
      }
      if (queue.length >= 50) return false;
      queue.push({ to, parts });
      return true;
    },
    close() {
      clearInterval(timer);
      timer = undefined;
      return inner.close();
    },
  };
}
