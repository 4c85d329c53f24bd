// The open connections: how many there may be, who has to go when there is one too many, and which
// requests each waits for. A connection on which the node is at work is never closed for another.
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { createRequestOrder } from "./pipelining.js";
import type { RequestOrder } from "./pipelining.js";
import type { HttpLimits } from "./limits.js";

export interface Connections {
  readonly count: number;
  /** Requests in progress, including those that wait for their turn. */
  readonly requests: number;
  /** Undefined once the socket is closed. */
  of(socket: Socket): Connection | undefined;
  /** Closes those that wait for no answer. */
  closeIdle(): void;
}

/** Why a connection was closed, or not let in: a label in metrics. */
export type CutReason = "evicted" | "refused" | "unsent" | "stalled";

type Limits = Pick<HttpLimits, "maxConnections" | "maxConcurrentRequests" | "maxWaitingRequests">;

export function watchConnections(
  server: Server,
  limits: Limits,
  onCut: (reason: CutReason) => void,
): Connections {
  const open = new Map<Socket, Connection>();
  /**
   * Waiting for their clients: for a request, the rest of one, or until an answer is taken. The one
   * that waits longest is the first.
   */
  const waiting = new Set<Socket>();
  const makeRoom = (newcomer: Socket): void => {
    const others = [...waiting].filter((socket) => socket !== newcomer);
    const oldest =
      others.find((socket) => open.get(socket)?.isKnown !== true) ?? others[0] ?? newcomer;
    onCut(oldest === newcomer ? "refused" : "evicted");
    oldest.destroy();
    forget(oldest);
  };
  const forget = (socket: Socket): void => {
    const connection = open.get(socket);
    // First: what ends with it must not put it back among those that wait.
    open.delete(socket);
    waiting.delete(socket);
    connection?.closed();
  };
  server.on("connection", (socket) => {
    const connection = new Connection(socket, limits, (isWaiting) => {
      waiting.delete(socket);
      if (isWaiting && open.has(socket)) waiting.add(socket);
    });
    open.set(socket, connection);
    waiting.add(socket);
    socket.once("close", () => forget(socket));
    // Node itself reads on after every request.
    socket.on("resume", () => connection.stopReadingIfFull());
    if (open.size > limits.maxConnections) makeRoom(socket);
  });
  return {
    get count() {
      return open.size;
    },
    get requests() {
      return [...open.values()].reduce((sum, connection) => sum + connection.requests, 0);
    },
    of: (socket) => open.get(socket),
    closeIdle() {
      for (const { requests, socket } of open.values()) if (requests === 0) socket.destroy();
    },
  };
}

export class Connection {
  readonly socket: Socket;
  readonly order: RequestOrder;
  readonly #limits: Limits;
  readonly #onWaiting: (isWaiting: boolean) => void;
  /** What to call when the connection closes, and whether the request is still coming. */
  readonly #requests = new Map<() => void, () => boolean>();
  /** Its client has shown that it belongs here: those that haven't are closed first. */
  isKnown = false;
  #working = 0;
  #isClosed = false;
  #aborted: AbortController | undefined;

  constructor(socket: Socket, limits: Limits, onWaiting: (isWaiting: boolean) => void) {
    this.socket = socket;
    this.order = createRequestOrder(limits.maxConcurrentRequests);
    this.#limits = limits;
    this.#onWaiting = onWaiting;
  }

  /** Aborted when it closes. One for all of its requests: each would cost more than its parsing. */
  get signal(): AbortSignal {
    this.#aborted ??= new AbortController();
    if (this.#isClosed) this.#aborted.abort();
    return this.#aborted.signal;
  }

  get requests(): number {
    return this.#requests.size;
  }

  /** Whether its client waits for the answer to a request that it sent to its end. */
  get owesAnswer(): boolean {
    return [...this.#requests.values()].some((isComing) => !isComing());
  }

  /** Whether the node is at work for it: otherwise its client is to send or to take something. */
  get isWorking(): boolean {
    return this.#working > 0;
  }

  /**
   * A request was read. `onClose` is called if the connection closes before the request is over:
   * Node tells that to no answer but the one being sent.
   * @param isComing whether more of it is to come, and nothing of its answer was sent
   * @returns to be called when the request is over
   */
  begin(onClose: () => void, isComing: () => boolean): () => void {
    this.#requests.set(onClose, isComing);
    this.#tell();
    return () => {
      if (!this.#requests.delete(onClose)) return;
      this.#tell();
      this.#readOn();
    };
  }

  /** Work began for one of its requests. @returns to be called when it ended, once or more */
  work(): () => void {
    let ended = false;
    this.#working++;
    this.#tell();
    return () => {
      if (ended) return;
      ended = true;
      this.#working--;
      this.#tell();
    };
  }

  closed(): void {
    this.#isClosed = true;
    for (const onClose of this.#requests.keys()) onClose();
    this.#aborted?.abort();
  }

  /** Who pipelines more than may wait isn't read until some of it was answered. */
  stopReadingIfFull(): void {
    if (this.order.waiting >= this.#limits.maxWaitingRequests) this.socket.pause();
  }

  #readOn(): void {
    if (this.order.waiting < this.#limits.maxWaitingRequests && this.socket.isPaused()) {
      this.socket.resume();
    }
  }

  #tell(): void {
    this.#onWaiting(this.#working === 0);
  }
}
