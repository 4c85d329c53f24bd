// One directed link as a TCP proxy: what node a dials to reach node b. A connection's bytes from a
// obey the rule of a -> b, the answers of b that of b -> a. A cut resets; a blackhole accepts and
// stays silent, also about the end of a connection.
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { LinkRule } from "./link-rule.js";
import { startPump } from "./pump.js";
import type { Pump, Traffic } from "./pump.js";

export interface ProxyOptions {
  /** Where the dialled node listens. */
  readonly target: { readonly host: string; readonly port: number };
  readonly forward: () => LinkRule;
  readonly backward: () => LinkRule;
  readonly random: () => number;
}

export interface Proxy {
  readonly port: number;
  readonly forwardTraffic: Traffic;
  readonly backwardTraffic: Traffic;
  /**
   * A rule has changed: cuts take effect, and connections from which bytes are missing are reset
   * once they could carry on.
   */
  update(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  readonly pumps: readonly Pump[];
}

/** Listens on a free port of 127.0.0.1. */
export async function startProxy({
  target,
  forward,
  backward,
  random,
}: ProxyOptions): Promise<Proxy> {
  const pairs = new Set<Pair>();
  const [forwardTraffic, backwardTraffic] = [newTraffic(), newTraffic()];

  function reset(pair: Pair): void {
    if (!pairs.delete(pair)) return;
    forwardTraffic.resetConnections++;
    resetSocket(pair.near);
    resetSocket(pair.far);
  }

  function closed(pair: Pair, side: Socket): void {
    // Nothing crosses a blackhole, not even the news that the other side is gone. An orderly end is
    // the pumps' affair.
    const { blackhole } = side === pair.near ? forward() : backward();
    const other = side === pair.near ? pair.far : pair.near;
    if (!blackhole && side.errored !== null) other.destroy();
    if (pair.near.destroyed && pair.far.destroyed) pairs.delete(pair);
  }

  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    if (forward().cut) {
      near.on("error", () => {});
      forwardTraffic.resetConnections++;
      resetSocket(near);
      return;
    }
    const far = connect({ ...target, noDelay: true, allowHalfOpen: true });
    const pair: Pair = {
      near,
      far,
      pumps: [
        startPump({ source: near, sink: far, rule: forward, traffic: forwardTraffic, random }),
        startPump({ source: far, sink: near, rule: backward, traffic: backwardTraffic, random }),
      ],
    };
    pairs.add(pair);
    for (const side of [near, far]) {
      side.on("error", () => {}).on("close", () => closed(pair, side));
    }
  });
  server.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    forwardTraffic,
    backwardTraffic,
    update() {
      for (const pair of pairs) {
        for (const pump of pair.pumps) pump.update();
        const healed = !forward().blackhole && !backward().blackhole;
        const broken =
          pair.pumps.some((pump) => pump.broken) || pair.near.destroyed || pair.far.destroyed;
        if (forward().cut || (healed && broken)) reset(pair);
      }
    },
    close() {
      const done = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const pair of pairs) reset(pair);
      return done;
    },
  };
}

/**
 * Ends a connection as a cut line does. Node can't reset a socket that is just ending (EINVAL): it
 * never closes it then, and the process never exits.
 */
export function resetSocket(socket: Socket): void {
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

function newTraffic(): Traffic {
  return { carriedBytes: 0, droppedBytes: 0, delayedBytes: 0, resetConnections: 0 };
}
