// Dials some peers elsewhere than at the addresses that all nodes know them by. Only the dialling
// changes: listening, and what nodes tell each other, stay as they are, so that every node still
// has the same list of voters.
import { connect, createServer } from "node:net";
import type { SocketFactory } from "@raftkit/transport-tcp";
import { formatHostPort, parseHostPort } from "./cli/addresses.js";
import type { Settings } from "./cli/parse.js";

export function socketsVia({
  peers = [],
  peerVia = [],
}: Pick<Settings, "peers" | "peerVia">): SocketFactory {
  const elsewhere = new Map(
    peerVia.map((via) => [
      peers.find(({ id }) => id === via.id)?.address,
      parseHostPort(via.address),
    ]),
  );
  return {
    createServer,
    connect: (options) =>
      connect({
        ...options,
        ...elsewhere.get(formatHostPort({ host: options.host ?? "", port: options.port })),
      }),
  };
}
