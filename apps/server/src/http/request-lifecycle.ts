// One request from its head to the end of its answer: its turn on its connection, its body, what it
// holds meanwhile, and what is told of it when it is over.
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BodyReader } from "./body.js";
import type { Connection, OpenRequest } from "./connections.js";
import type { Turn } from "./pipelining.js";
import type { UnsentAnswers } from "./unsent.js";

declare module "fastify" {
  interface FastifyRequest {
    call: RequestLifecycle;
  }
}

/** What a request is called in metrics, whether or not it was answered. */
export interface RequestOutcome {
  readonly method: string;
  /** 499 when the client went away before its answer. */
  readonly status: number;
  readonly seconds: number;
}

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

export class RequestLifecycle implements Turn, OpenRequest {
  readonly connection: Connection;
  readonly safe: boolean;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #bodies: BodyReader;
  readonly #unsent: UnsentAnswers;
  readonly #startedMs = performance.now();
  readonly #releases: (() => void)[] = [];
  #onStart = (): void => undefined;
  #onOver: (call: RequestOutcome) => void = () => undefined;
  #isWorking = false;
  #isOver = false;
  #isBodyComing: boolean;

  constructor(
    connection: Connection,
    request: IncomingMessage,
    response: ServerResponse,
    bodies: BodyReader,
    unsent: UnsentAnswers,
  ) {
    this.connection = connection;
    this.safe = SAFE_METHODS.has(request.method ?? "");
    this.#request = request;
    this.#response = response;
    this.#bodies = bodies;
    this.#unsent = unsent;
    this.#isBodyComing = request.headers.expect === undefined;
  }

  /** Aborted when the client goes away. */
  get signal(): AbortSignal {
    return this.connection.signal;
  }

  /** Whether its client sends its body: it waits for no "100 Continue", or had it. */
  get isBodyComing(): boolean {
    return this.#isBodyComing;
  }

  get isComing(): boolean {
    return !this.#request.complete && !this.#response.headersSent;
  }

  /**
   * @param onStart called when its turn has come, unless its client takes it for not done
   * @param onOver called once, when it was answered or given up
   */
  begin(onStart: () => void, onOver: (call: RequestOutcome) => void): void {
    const { connection } = this;
    this.#onStart = onStart;
    this.#onOver = onOver;
    this.#response.on("close", () => this.#end());
    connection.order.enter(this);
    connection.begin(this);
    connection.stopReadingIfFull();
  }

  /** Its turn has come. */
  start(): void {
    const { socket } = this.connection;
    // Behind an answer that closes the connection: its client takes it for not done.
    if (socket.destroyed || socket.writableEnded) return;
    this.#beginWork();
    // Once the parser is through with what was read: only then is it known what is to come yet.
    queueMicrotask(this.#onStart);
  }

  connectionClosed(): void {
    this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { connection } = this;
    const response = this.#response;
    connection.end(this);
    connection.order.leave(this);
    for (const release of this.#releases) release();
    this.#onOver({
      method: this.#request.method ?? "",
      status: response.headersSent ? response.statusCode : 499,
      seconds: (performance.now() - this.#startedMs) / 1000,
    });
  }

  #beginWork(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.connection.beginWork();
  }

  #endWork(): void {
    if (!this.#isWorking) return;
    this.#isWorking = false;
    this.connection.endWork();
  }

  /**
   * Reads the body. Meanwhile the connection waits for its client.
   * @throws {HttpError} when it is larger, comes too slowly, ends early or finds no room
   */
  async body(maxBytes: number): Promise<Buffer> {
    const onOver = (release: () => void): void => void this.#releases.push(release);
    // A client that waits to be told to send is told so first, even if it didn't wait.
    const whole = this.#isBodyComing && this.#bodies.takeWhole(this.#request, maxBytes, onOver);
    if (whole) return whole;
    this.#endWork();
    const start = (): void => {
      if (!this.#isBodyComing) this.#response.writeContinue();
      this.#isBodyComing = true;
    };
    try {
      return await this.#bodies.read(this.#request, maxBytes, start, onOver);
    } finally {
      this.#beginWork();
    }
  }

  /** All of the answer was handed over, and so many bytes of it weren't taken yet. */
  holdUnsent(bytes: number): void {
    if (this.#isOver) return;
    this.#unsent.hold(this.#response, this.connection.socket, bytes);
    this.#releases.push(() => this.#unsent.release(this.#response));
  }

  /**
   * Waits until the client of a stream has taken what was written. Meanwhile that counts as unsent,
   * and the connection waits for its client.
   * @throws {DOMException} `AbortError`: it went away, or was cut
   */
  async drained(): Promise<void> {
    this.#endWork();
    this.#unsent.hold(this.#response, this.connection.socket, this.#response.writableLength);
    try {
      await once(this.#response, "drain", { signal: this.signal });
    } finally {
      this.#unsent.release(this.#response);
      if (!this.#isOver) this.#beginWork();
    }
  }

  /** The answer was handed over: what is left is its client's to take. */
  answered(): void {
    this.#endWork();
  }
}
