// A connection to a server on loopback.
import { connect } from "node:net";
import type { Socket } from "node:net";

export async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  socket.setNoDelay(true);
  return socket;
}

export interface Connection {
  /** Rejects when the connection ends before `close`. */
  readonly lost: Promise<never>;
  /** It is of no use any more. */
  fail(reason: string): void;
  close(): void;
}

export function watchConnection(socket: Socket): Connection {
  let isClosed = false;
  let reason = "the server closed the connection of the load";
  const lost = new Promise<never>((_, reject) => {
    socket.on("error", () => {});
    socket.once("close", () => {
      if (!isClosed) reject(new Error(reason));
    });
  });
  // Whoever waits for an answer waits for this, too; nobody else has to.
  lost.catch(() => {});
  return {
    lost,
    fail(why) {
      reason = why;
      socket.destroy();
    },
    close() {
      isClosed = true;
      socket.destroy();
    },
  };
}
