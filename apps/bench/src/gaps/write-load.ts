// Writes over HTTP, each of a key of its own, at servers that come and go: when the last one was
// acknowledged, for how long at most none was, and which were.
import { Agent, request } from "node:http";
import { AckGaps } from "./ack-gaps.js";

/** How a system takes a write over HTTP. */
export interface WriteProtocol {
  write(key: string, value: Buffer): { method: string; path: string; body: Buffer };
  /** @returns the write's place in the system's order; undefined: it wasn't acknowledged */
  acknowledged(status: number, body: string): number | undefined;
}

export interface LoadOptions {
  /** Calls `send` for each write, with the count of those before, until what it returns is called. */
  readonly start: (send: (count: number) => void) => () => void;
  /**
   * A write without an answer is given up after this time: its outcome is unknown. Default 1000.
   */
  readonly answerMs?: number;
  /** How long a server that couldn't be reached is skipped. Default 50. */
  readonly pauseMs?: number;
}

const VALUE_BYTES = 100;

interface Endpoint {
  /** `host:port` */
  readonly address: string;
  readonly agent: Agent;
  pausedUntil: number;
}

export class WriteLoad {
  readonly #protocol: WriteProtocol;
  readonly #answerMs: number;
  readonly #pauseMs: number;
  readonly #stop: () => void;
  readonly #underWay = new Set<Promise<void>>();
  #endpoints: readonly Endpoint[] = [];
  #next = 0;
  readonly gaps = new AckGaps(() => performance.now());
  /** Keys and their places. */
  readonly acknowledged = new Map<string, number>();
  /** Sent, and not acknowledged: refused, cut off, or without an answer. */
  failed = 0;

  /** It begins at once. */
  constructor(
    addresses: readonly string[],
    protocol: WriteProtocol,
    { start, answerMs = 1000, pauseMs = 50 }: LoadOptions,
  ) {
    this.#protocol = protocol;
    this.#answerMs = answerMs;
    this.#pauseMs = pauseMs;
    this.useServers(addresses);
    this.#stop = start((count) => {
      const write = this.#write(keyOf(count)).finally(() => this.#underWay.delete(write));
      this.#underWay.add(write);
    });
  }

  /** The servers to ask from now on. Writes in flight are not affected. */
  useServers(addresses: readonly string[]): void {
    const known = new Map(this.#endpoints.map((endpoint) => [endpoint.address, endpoint]));
    this.#endpoints = addresses.map(
      (address) =>
        known.get(address) ?? { address, agent: new Agent({ keepAlive: true }), pausedUntil: 0 },
    );
  }

  /** Sends no more; resolves when no write is in flight. */
  async stop(): Promise<void> {
    this.#stop();
    await Promise.all(this.#underWay);
    for (const { agent } of this.#endpoints) agent.destroy();
  }

  async #write(key: string): Promise<void> {
    const endpoint = this.#choose();
    const { method, path, body } = this.#protocol.write(key, Buffer.alloc(VALUE_BYTES, key));
    const answer = await send(endpoint, method, path, body, this.#answerMs);
    const place =
      answer === undefined ? undefined : this.#protocol.acknowledged(answer.status, answer.body);
    if (place === undefined) {
      this.failed++;
      endpoint.pausedUntil = performance.now() + this.#pauseMs;
      return;
    }
    this.acknowledged.set(key, place);
    this.gaps.acknowledged();
  }

  /** In turn, skipping those that pause; if all do, in turn. */
  #choose(): Endpoint {
    const now = performance.now();
    const { length } = this.#endpoints;
    const from = this.#next++;
    const inTurn = Array.from({ length }, (_, i) => this.#endpoints[(from + i) % length]);
    const chosen = inTurn.find((one) => one !== undefined && one.pausedUntil <= now) ?? inTurn[0];
    if (chosen === undefined) throw new Error("there is no server to write to");
    return chosen;
  }
}

function keyOf(count: number): string {
  return `write-${String(count).padStart(8, "0")}`;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** @returns undefined: there was none in time, or no connection */
function send(
  { address, agent }: Endpoint,
  method: string,
  path: string,
  body: Buffer,
  answerMs: number,
): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const headers = { "content-length": body.length };
    const sent = request(`http://${address}${path}`, { method, agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.once("close", () => {
        clearTimeout(late);
        const { complete, statusCode = 0 } = response;
        resolve(complete ? { status: statusCode, body: text } : undefined);
      });
    });
    const late = setTimeout(() => sent.destroy(), answerMs);
    sent.once("error", () => {
      clearTimeout(late);
      resolve(undefined);
    });
    sent.end(body);
  });
}
