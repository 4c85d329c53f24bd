// Dials some addresses elsewhere. Only the dialling changes: listening, and what nodes tell each
// other, stay as they are, so that every node still knows every member at the same address.
import { connect, createServer } from "node:net";
import type { SocketFactory } from "@raftkit/transport-tcp";
import { formatHostPort, parseHostPort } from "./cli/addresses.js";
import type { Settings } from "./cli/parse.js";

export function socketsVia({ peerVia = [] }: Pick<Settings, "peerVia">): SocketFactory {
  const elsewhere = new Map(peerVia.map(({ address, via }) => [address, parseHostPort(via)]));
  return {
    createServer,
    connect: (options) =>
      connect({
        ...options,
        ...elsewhere.get(formatHostPort({ host: options.host ?? "", port: options.port })),
      }),
  };
}
