// Load on request: clients that write through any node, at most so many writes a second.
import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadView } from "@raftkit-app/dashboard";
import { createCaller } from "../chaos/workload/http-call.js";
import type { Caller } from "../chaos/workload/http-call.js";
import type { Supervisor } from "../supervisor/supervisor.js";

const CLIENTS = 16;
const KEYS = 20;
const CALL_TIMEOUT_MS = 2000;
/** One that was refused doesn't try again at once. */
const PAUSE_MS = 100;

export class Load {
  readonly #nodes: Supervisor["nodes"];
  #view: LoadView | null = null;
  #stopping: AbortController | undefined;

  constructor(nodes: Supervisor["nodes"]) {
    this.#nodes = nodes;
  }

  get view(): LoadView | null {
    return this.#view;
  }

  /** In place of the one that is under way. @param rate writes a second, of all clients together */
  start(rate: number): void {
    this.stop();
    const stopping = new AbortController();
    setMaxListeners(CLIENTS, stopping.signal);
    this.#stopping = stopping;
    this.#view = { rate, done: 0, failed: 0 };
    const caller = createCaller(CALL_TIMEOUT_MS);
    const clients = Array.from({ length: CLIENTS }, (_, client) =>
      this.#run(client, rate, caller, stopping.signal),
    );
    void Promise.all(clients).then(() => caller.close());
  }

  stop(): void {
    this.#stopping?.abort();
    this.#view = null;
  }

  async #run(client: number, rate: number, caller: Caller, signal: AbortSignal): Promise<void> {
    const everyMs = (CLIENTS * 1000) / rate;
    const beganAt = performance.now() + (client * everyMs) / CLIENTS;
    for (let number = 0; !signal.aborted; number++) {
      // One that is late goes on without a pause, and doesn't make up for it.
      const waitMs = Math.max(beganAt + number * everyMs - performance.now(), 0);
      await sleep(waitMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      const isDone = await this.#put(client, number, caller);
      if (signal.aborted || !this.#view) return;
      const { done, failed } = this.#view;
      this.#view = isDone ? { rate, done: done + 1, failed } : { rate, done, failed: failed + 1 };
      if (!isDone) await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #put(client: number, number: number, caller: Caller): Promise<boolean> {
    const running = this.#nodes().filter(({ state }) => state === "running");
    const chosen = running[(client + number) % Math.max(1, running.length)];
    if (!chosen) return false;
    const key = (client * 7 + number) % KEYS;
    const reply = await caller.call(chosen.place.http, {
      method: "PUT",
      path: `/v1/kv/load%2F${key}`,
      body: String(number),
    });
    return reply.kind === "answer" && reply.status < 300;
  }
}
