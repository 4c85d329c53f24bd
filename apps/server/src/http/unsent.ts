// Bounds what clients that don't read their answers make this process hold: in all, the connection
// that took nothing for longest is cut first; and each, when it takes nothing for too long. That a
// client takes some of a large answer shows in "drain": such answers go in pieces.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { HttpLimits } from "./limits.js";

export interface UnsentAnswers {
  /** The answer was handed over, and its client hasn't taken all of it. */
  hold(response: ServerResponse, socket: Socket, bytes: number): void;
  /** The answer was taken, or its connection is closed. */
  release(response: ServerResponse): void;
  readonly bytes: number;
}

interface Held {
  /** Bytes of each answer that its client hasn't taken yet. */
  readonly answers: Map<ServerResponse, number>;
  movedMs: number;
}

/**
 * @param isWorking whether the socket waits for this server, not for its client: answers queue
 * behind one that isn't there yet
 */
export function createUnsentAnswers(
  { maxUnsentBytes, sendStallMs }: Pick<HttpLimits, "maxUnsentBytes" | "sendStallMs">,
  isWorking: (socket: Socket) => boolean,
  cut: (socket: Socket, reason: "unsent" | "stalled") => void,
): UnsentAnswers {
  /** The one that took nothing for longest is the first. */
  const held = new Map<Socket, Held>();
  const socketOf = new Map<ServerResponse, Socket>();
  let total = 0;
  let timer: NodeJS.Timeout | undefined;

  const moved = (socket: Socket, one: Held): void => {
    one.movedMs = performance.now();
    held.delete(socket);
    held.set(socket, one);
  };
  const drop = (socket: Socket): void => {
    for (const [response, bytes] of held.get(socket)?.answers ?? []) {
      socketOf.delete(response);
      total -= bytes;
    }
    held.delete(socket);
    if (held.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const cutStalled = (): void => {
    const now = performance.now();
    for (const [socket, one] of held) {
      if (now - one.movedMs < sendStallMs) return;
      if (isWorking(socket)) moved(socket, one);
      else {
        drop(socket);
        cut(socket, "stalled");
      }
    }
  };
  const hold = (response: ServerResponse, socket: Socket, bytes: number): void => {
    const one = held.get(socket) ?? { answers: new Map<ServerResponse, number>(), movedMs: 0 };
    one.answers.set(response, bytes);
    socketOf.set(response, socket);
    total += bytes;
    if (!held.has(socket)) moved(socket, one);
    timer ??= setInterval(cutStalled, Math.ceil(sendStallMs / 4)).unref();
    for (const [oldest] of held) {
      if (total <= maxUnsentBytes) return;
      drop(oldest);
      cut(oldest, "unsent");
    }
  };
  return {
    hold(response, socket, bytes) {
      hold(response, socket, bytes);
      response.on("drain", () => {
        const one = held.get(socket);
        if (one !== undefined) moved(socket, one);
      });
    },
    release(response) {
      const socket = socketOf.get(response);
      const one = socket && held.get(socket);
      if (socket === undefined || one === undefined) return;
      total -= one.answers.get(response) ?? 0;
      one.answers.delete(response);
      socketOf.delete(response);
      if (one.answers.size === 0) drop(socket);
      else moved(socket, one);
    },
    get bytes() {
      return total;
    },
  };
}
