// The connections over one proxied link, each with the one that was dialled on for it. A
// connection's bytes from a obey the rule of a -> b, the answers of b that of b -> a.
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { LinkRule } from "./link-rule.js";
import { Pump } from "./pump.js";
import type { Traffic } from "./pump.js";

export interface ProxyOptions {
  /** Where the dialled node listens. */
  readonly target: { readonly host: string; readonly port: number };
  readonly forward: () => LinkRule;
  readonly backward: () => LinkRule;
  readonly random: () => number;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  readonly pumps: readonly Pump[];
}

export class ProxiedConnections {
  readonly forwardTraffic: Traffic = newTraffic();
  readonly backwardTraffic: Traffic = newTraffic();
  readonly #options: ProxyOptions;
  readonly #pairs = new Set<Pair>();

  constructor(options: ProxyOptions) {
    this.#options = options;
  }

  accept(near: Socket): void {
    const { target, forward, backward, random } = this.#options;
    if (forward().cut) {
      near.on("error", () => {});
      this.forwardTraffic.resetConnections++;
      resetSocket(near);
      return;
    }
    const far = connect({ ...target, noDelay: true, allowHalfOpen: true });
    const { forwardTraffic, backwardTraffic } = this;
    const pair: Pair = {
      near,
      far,
      pumps: [
        new Pump({ source: near, sink: far, rule: forward, traffic: forwardTraffic, random }),
        new Pump({ source: far, sink: near, rule: backward, traffic: backwardTraffic, random }),
      ],
    };
    this.#pairs.add(pair);
    for (const side of [near, far]) {
      side.on("error", () => {}).on("close", () => this.#closed(pair, side));
    }
  }

  /**
   * A rule has changed: cuts take effect, and connections from which bytes are missing are reset
   * once they could carry on.
   */
  update(): void {
    const [forward, backward] = [this.#options.forward(), this.#options.backward()];
    const isHealed = !forward.blackhole && !backward.blackhole;
    for (const pair of this.#pairs) {
      for (const pump of pair.pumps) pump.update();
      const isBroken =
        pair.pumps.some((pump) => pump.broken) || pair.near.destroyed || pair.far.destroyed;
      if (forward.cut || (isHealed && isBroken)) this.#reset(pair);
    }
  }

  resetAll(): void {
    for (const pair of this.#pairs) this.#reset(pair);
  }

  #reset(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    this.forwardTraffic.resetConnections++;
    resetSocket(pair.near);
    resetSocket(pair.far);
  }

  #closed(pair: Pair, side: Socket): void {
    // Nothing crosses a blackhole, not even the news that the other side is gone. An orderly end is
    // the pumps' affair.
    const { forward, backward } = this.#options;
    const { blackhole } = side === pair.near ? forward() : backward();
    const other = side === pair.near ? pair.far : pair.near;
    if (!blackhole && side.errored !== null) other.destroy();
    if (pair.near.destroyed && pair.far.destroyed) this.#pairs.delete(pair);
  }
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
