// The open connections: how many there may be, who has to go when there is one too many, and which
// requests each waits for. A connection on which the node is at work is never closed for another.
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { RequestOrder } from "./pipelining.js";
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

/** A request that isn't over. */
export interface OpenRequest {
  /** Whether more of it is to come, and nothing of its answer was sent. */
  readonly isComing: boolean;
  /**
   * Its connection closed before it was over: Node tells that to no answer but the one being sent.
   */
  connectionClosed(): void;
}

export class Connection {
  readonly socket: Socket;
  readonly order: RequestOrder;
  readonly #limits: Limits;
  readonly #onWaiting: (isWaiting: boolean) => void;
  readonly #requests = new Set<OpenRequest>();
  /** Its client has shown that it belongs here: those that haven't are closed first. */
  isKnown = false;
  #working = 0;
  #isWaiting = true;
  #isClosed = false;
  #aborted: AbortController | undefined;

  constructor(socket: Socket, limits: Limits, onWaiting: (isWaiting: boolean) => void) {
    this.socket = socket;
    this.order = new RequestOrder(limits.maxConcurrentRequests);
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
    return [...this.#requests].some(({ isComing }) => !isComing);
  }

  /** Whether the node is at work for it: otherwise its client is to send or to take something. */
  get isWorking(): boolean {
    return this.#working > 0;
  }

  /** A request was read. */
  begin(request: OpenRequest): void {
    this.#requests.add(request);
    this.#tell();
  }

  /** A request is over. Idempotent. */
  end(request: OpenRequest): void {
    if (!this.#requests.delete(request)) return;
    this.#tell();
    this.#readOn();
  }

  /** Work began for one of its requests. */
  beginWork(): void {
    this.#working++;
    this.#tell();
  }

  /** It ended, once. */
  endWork(): void {
    this.#working--;
    this.#tell();
  }

  closed(): void {
    this.#isClosed = true;
    for (const request of this.#requests) request.connectionClosed();
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

  /** Whoever begins to wait, or is heard of meanwhile, has waited shortest. */
  #tell(): void {
    const isWaiting = this.#working === 0;
    if (isWaiting || this.#isWaiting) this.#onWaiting(isWaiting);
    this.#isWaiting = isWaiting;
  }
}
