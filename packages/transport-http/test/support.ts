// A network inside the test: manual time, a fetch that calls handlers directly and counts, nodes
// that record what happens to them.
import { createHash } from "node:crypto";
import type { LocalNode, NodeId, Peer, RaftkitError, Sender } from "@raftkit/core";
import { vi } from "vitest";
import {
  type Fetch,
  type HttpClock,
  type HttpTransport,
  type HttpTransportOptions,
  createHttpTransport,
} from "../src/index.js";

// On a starved machine tests must be slow, not wrong.
vi.setConfig({ testTimeout: 60_000 });

export interface ManualClock extends HttpClock {
  /** Every timer runs at its time. */
  advance(ms: number): void;
  /** So much time passes at once: every timer that is due runs late. */
  standStill(ms: number): void;
  /** How many timers are set. */
  pending(): number;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

export function manualClock(): ManualClock {
  let nowMs = 1_000;
  const timers = new Set<Timer>();
  const firstDue = (untilMs: number): Timer | undefined =>
    [...timers].filter(({ at }) => at <= untilMs).toSorted((a, b) => a.at - b.at)[0];
  const run = (timer: Timer): void => {
    if (timers.delete(timer)) timer.run();
  };
  return {
    now: () => nowMs,
    schedule(at, run) {
      const timer = { at, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(ms) {
      const endMs = nowMs + ms;
      for (let next = firstDue(endMs); next !== undefined; next = firstDue(endMs)) {
        nowMs = Math.max(nowMs, next.at);
        run(next);
      }
      nowMs = endMs;
    },
    standStill(ms) {
      nowMs += ms;
      for (const due of [...timers].filter(({ at }) => at <= nowMs)) run(due);
    },
    pending: () => timers.size,
  };
}

export interface TestNode {
  readonly local: LocalNode;
  readonly transport: HttpTransport;
  readonly received: { from: Sender; frame: Uint8Array }[];
  readonly met: Sender[];
  readonly unreachable: NodeId[];
  readonly rejected: RaftkitError[];
  /**
   * What was received, each frame as its digest: comparing megabytes element by element takes
   * seconds.
   */
  digests(): string[];
  /** What was received, as text. */
  texts(): string[];
  peer(): Peer;
}

export interface SentRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

export interface Network {
  readonly clock: ManualClock;
  readonly requests: SentRequest[];
  /** Replaces what happens to requests for a URL; `deliver` is what would have happened. */
  readonly faults: Map<
    string,
    (deliver: () => Promise<Response>, init: RequestInit) => Promise<Response>
  >;
  readonly fetch: Fetch;
  node(id: NodeId, local?: Partial<LocalNode>, options?: HttpTransportOptions): Promise<TestNode>;
  /** A raw request, as if it came from outside. */
  call(url: string, init: RequestInit): Promise<Response>;
}

export function localNode(id: NodeId, changes: Partial<LocalNode> = {}): LocalNode {
  return {
    clusterId: "green",
    id,
    incarnation: `incarnation-of-${id}`,
    run: 1,
    codec: "json",
    address: `http://${id}.test/raft`,
    ...changes,
  };
}

export function createNetwork(): Network {
  const clock = manualClock();
  const handlers = new Map<string, HttpTransport["handler"]>();
  const requests: SentRequest[] = [];
  const faults: Network["faults"] = new Map();

  async function call(url: string, init: RequestInit): Promise<Response> {
    const handler = handlers.get(url);
    if (handler === undefined) throw new TypeError("connect ECONNREFUSED");
    return handler(new Request(url, init));
  }
  const fetch: Fetch = (url, init) => {
    if (!(init.body instanceof Uint8Array)) throw new TypeError("a body of bytes was expected");
    requests.push({ url, headers: new Headers(init.headers), body: init.body });
    const deliver = (): Promise<Response> => call(url, init);
    return faults.get(url)?.(deliver, init) ?? deliver();
  };
  return {
    clock,
    requests,
    faults,
    fetch,
    call,
    async node(id, changes, options = {}) {
      const local = localNode(id, changes);
      const transport = createHttpTransport({ fetch, clock, random: () => 0, ...options });
      handlers.set(local.address, transport.handler);
      return startNode(local, transport);
    },
  };
}

export async function startNode(local: LocalNode, transport: HttpTransport): Promise<TestNode> {
  const node: TestNode = {
    local,
    transport,
    received: [],
    met: [],
    unreachable: [],
    rejected: [],
    digests: () => digests(node.received.map(({ frame }) => frame)),
    texts: () => node.received.map(({ frame }) => new TextDecoder().decode(frame)),
    peer: () => ({ id: local.id, address: local.address }),
  };
  await transport.start(local, {
    receive: (from, frame) => void node.received.push({ from, frame }),
    met: (from) => void node.met.push(from),
    unreachable: (to) => void node.unreachable.push(to),
    rejected: (error) => void node.rejected.push(error),
  });
  return node;
}

/** Two nodes that list each other. */
export async function pair(
  network: Network,
  options?: HttpTransportOptions,
): Promise<[TestNode, TestNode]> {
  const [a, b] = [await network.node("n1", {}, options), await network.node("n2", {}, options)];
  a.transport.setPeers([a.peer(), b.peer()], []);
  b.transport.setPeers([a.peer(), b.peer()], []);
  return [a, b];
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function send(from: TestNode, to: NodeId, text: string): boolean {
  return from.transport.send(to, [bytes(text)]);
}

/**
 * Lets everything happen that can happen without a timer: the network of these tests answers within
 * a few turns.
 */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Reproducible chance (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Bytes that differ everywhere, so that a misplaced piece shows. */
export function pattern(length: number, seed = 1): Uint8Array {
  const random = seeded(seed);
  const filled = new Uint8Array(length);
  for (let i = 0; i < length; i++) filled[i] = random() * 256;
  return filled;
}

/** A promise and the functions that settle it. */
export function deferred<T>(): { readonly promise: Promise<T>; resolve(value: T): void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve: (value) => resolve(value) };
}

export function digests(frames: readonly Uint8Array[]): string[] {
  return frames.map(
    (frame) => `${frame.length} bytes, ${createHash("sha256").update(frame).digest("hex")}`,
  );
}
