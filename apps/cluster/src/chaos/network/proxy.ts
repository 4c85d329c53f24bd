// One directed link as a TCP proxy: what node a dials to reach node b. A cut resets; a blackhole
// accepts and stays silent, also about the end of a connection.
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { ProxiedConnections } from "./proxied-connections.js";
import type { ProxyOptions } from "./proxied-connections.js";
import type { Traffic } from "./pump.js";

export interface Proxy {
  readonly port: number;
  readonly forwardTraffic: Traffic;
  readonly backwardTraffic: Traffic;
  /** A rule has changed. */
  update(): void;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const connections = new ProxiedConnections(options);
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) =>
    connections.accept(near),
  );
  server.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    forwardTraffic: connections.forwardTraffic,
    backwardTraffic: connections.backwardTraffic,
    update: () => connections.update(),
    close() {
      const done = new Promise<void>((resolve) => server.close(() => resolve()));
      connections.resetAll();
      return done;
    },
  };
}
