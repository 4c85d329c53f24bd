// Peers behind a proxy: dialled where `--peer-via` says, known by the address that all nodes share.
import { createServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { socketsVia } from "../src/peer-via.js";

async function listening(): Promise<{
  readonly server: Server;
  readonly address: string;
  readonly met: Promise<void>;
}> {
  const server = createServer((socket) => socket.end());
  const met = new Promise<void>((resolve) => server.once("connection", () => resolve()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}`, met };
}

test("an address that is named is dialled elsewhere, another one as it is", async () => {
  const [known, proxy, other] = [await listening(), await listening(), await listening()];
  let dialledKnown = false;
  void known.met.then(() => (dialledKnown = true));
  const sockets = socketsVia({ peerVia: [{ address: known.address, via: proxy.address }] });
  for (const { address } of [known, other]) {
    const [host = "", port] = address.split(":");
    const socket = sockets.connect({ host, port: Number(port) });
    await new Promise((resolve) => socket.resume().once("close", resolve));
  }
  await Promise.all([proxy.met, other.met]);
  expect(dialledKnown).toBe(false);
});
