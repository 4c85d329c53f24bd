// Loaded into a server process: ends its connections to those nodes that the cluster's process
// names, and each new one to them. What those dial they are told to end likewise, so nothing passes
// between the two. The server knows nothing of it.
import { subscribe } from "node:diagnostics_channel";
import { Socket } from "node:net";
import type { ServerFault } from "./server-fault.js";

export function obeyCuts(): void {
  let cut: ReadonlySet<number | undefined> = new Set();
  const dialled = new Set<Socket>();
  const end = (socket: Socket): void => {
    if (cut.has(socket.remotePort)) socket.destroy();
  };
  subscribe("net.client.socket", (message) => {
    const { socket } = message as { readonly socket?: unknown };
    if (!(socket instanceof Socket)) return;
    dialled.add(socket);
    socket.once("connect", () => end(socket)).once("close", () => dialled.delete(socket));
  });
  process.on("message", (message: ServerFault) => {
    if (message.type !== "cut") return;
    cut = new Set(message.ports);
    for (const socket of dialled) end(socket);
  });
}
