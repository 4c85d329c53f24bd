// Several connections as one: requests go to them in turn. Where a server answers what it gets on
// one connection in order, reads wait for the writes before them; clients that have nothing to do
// with each other don't.
import type { LoadClient, OnAnswer } from "./load-client.js";

export class SpreadClient implements LoadClient {
  readonly #clients: readonly LoadClient[];
  #next = 0;
  readonly lost: Promise<never>;

  private constructor(clients: readonly LoadClient[]) {
    this.#clients = clients;
    this.lost = Promise.race(clients.map(({ lost }) => lost));
    this.lost.catch(() => {});
  }

  static async connect(
    connect: () => Promise<LoadClient>,
    connections: number,
  ): Promise<SpreadClient> {
    return new SpreadClient(await Promise.all(Array.from({ length: connections }, connect)));
  }

  get inFlight(): number {
    return this.#clients.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  write(key: number, value: Uint8Array, since: number, onAnswer: OnAnswer): void {
    this.#choose().write(key, value, since, onAnswer);
  }

  read(key: number, since: number, onAnswer: OnAnswer): void {
    this.#choose().read(key, since, onAnswer);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #choose(): LoadClient {
    const client = this.#clients[this.#next++ % this.#clients.length];
    if (!client) throw new Error("there is no connection");
    return client;
  }
}
