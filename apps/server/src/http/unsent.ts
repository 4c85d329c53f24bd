// Bounds what clients that don't read their answers make this process hold: in all, the connection
// that took nothing for longest is cut first; and each, when it takes nothing for too long. That a
// client takes some of a large answer shows in "drain": such answers go in pieces.
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { HttpLimits } from "./limits.js";

export interface UnsentAnswers {
  /** It was handed over, or a part of it, and its client hasn't taken it. Not twice at a time. */
  hold(response: ServerResponse, socket: Socket, bytes: number): void;
  /** It was taken, or its connection is closed. */
  release(response: ServerResponse): void;
  readonly bytes: number;
}

interface Held {
  /** Bytes of each answer that its client hasn't taken yet. */
  readonly answers: Map<ServerResponse, number>;
  movedMs: number;
  /** Nothing had moved when last looked at. A busy process mustn't blame the client for itself. */
  isSuspect: boolean;
}

interface HeldAnswer {
  readonly socket: Socket;
  readonly onDrain: () => void;
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
  const heldAnswers = new Map<ServerResponse, HeldAnswer>();
  let total = 0;
  let timer: NodeJS.Timeout | undefined;

  const moved = (socket: Socket, one: Held): void => {
    one.movedMs = performance.now();
    one.isSuspect = false;
    held.delete(socket);
    held.set(socket, one);
  };
  const forget = (response: ServerResponse): void => {
    const answer = heldAnswers.get(response);
    if (answer !== undefined) response.off("drain", answer.onDrain);
    heldAnswers.delete(response);
  };
  const drop = (socket: Socket): void => {
    for (const [response, bytes] of held.get(socket)?.answers ?? []) {
      forget(response);
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
      else if (!one.isSuspect) one.isSuspect = true;
      else {
        drop(socket);
        cut(socket, "stalled");
      }
    }
  };
  const hold = (response: ServerResponse, socket: Socket, bytes: number): void => {
    const one: Held = held.get(socket) ?? { answers: new Map(), movedMs: 0, isSuspect: false };
    const onDrain = (): void => {
      if (held.get(socket) === one) moved(socket, one);
    };
    one.answers.set(response, bytes);
    heldAnswers.set(response, { socket, onDrain });
    response.on("drain", onDrain);
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
    hold,
    release(response) {
      const socket = heldAnswers.get(response)?.socket;
      const one = socket && held.get(socket);
      if (socket === undefined || one === undefined) return;
      total -= one.answers.get(response) ?? 0;
      one.answers.delete(response);
      forget(response);
      if (one.answers.size === 0) drop(socket);
      else moved(socket, one);
    },
    get bytes() {
      return total;
    },
  };
}
