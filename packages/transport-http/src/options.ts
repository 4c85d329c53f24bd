// The options of a transport, their defaults, and the checks.
import type { OptionKind, Random } from "@raftkit/core";
import { checkOptionShape, InvalidOption } from "@raftkit/core";
import { type Fetch, type HttpClock, systemClock, systemFetch, systemRandom } from "./defaults.js";

export interface HttpTransportOptions {
  /**
   * Sends requests. Default: the global `fetch`. It should obey `init.signal`; one that doesn't is
   * given up after `requestTimeoutMs` all the same.
   */
  readonly fetch?: Fetch;
  /**
   * Added to every request, such as `{ authorization: "Bearer …" }`; a function is asked for each
   * request, so that credentials can be renewed.
   */
  readonly headers?: RequestHeaders | (() => RequestHeaders | Promise<RequestHeaders>);
  /**
   * Whether a request may come in, asked before anything else of it is looked at; false, or a
   * throw, is answered 401. Must not read the body. Default: everybody who can reach the handler
   * may.
   */
  readonly authenticate?: (request: Request) => boolean | Promise<boolean>;
  /** The largest frame, in bytes, 1 to 1 GiB; the same on all nodes. Default 8 MiB. */
  readonly maxFrameBytes?: number;
  /**
   * What may wait for one peer, in bytes, at least `maxFrameBytes`; more is dropped and reported as
   * unreachable. Default 32 MiB.
   */
  readonly maxQueueBytes?: number;
  /**
   * How long one request may take, from its first byte to the end of its answer, on either side; 1
   * to 600,000 ms. Time in which this process stands still doesn't count. Default 2,000 ms.
   */
  readonly requestTimeoutMs?: number;
  /** Default: `performance.now` and `setTimeout`. */
  readonly clock?: HttpClock;
  /** Spreads back-offs. Default `Math.random`. */
  readonly random?: Random;
}

export type RequestHeaders = Readonly<Record<string, string>>;

/** The options with every default filled in. */
export interface Settings {
  readonly fetch: Fetch;
  readonly headers: () => RequestHeaders | Promise<RequestHeaders>;
  readonly authenticate: (request: Request) => boolean | Promise<boolean>;
  readonly maxFrameBytes: number;
  readonly maxQueueBytes: number;
  readonly requestTimeoutMs: number;
  readonly clock: HttpClock;
  readonly random: Random;
}

const MIB = 1024 * 1024;

const OPTIONS = {
  fetch: "function",
  headers: "object",
  authenticate: "function",
  maxFrameBytes: "number",
  maxQueueBytes: "number",
  requestTimeoutMs: "number",
  clock: "object",
  random: "function",
} as const satisfies Record<keyof HttpTransportOptions, OptionKind>;

/** @throws {InvalidOption} names the option, what was given and what is allowed */
export function settle(options: HttpTransportOptions): Settings {
  checkOptionShape("createHttpTransport", options, OPTIONS);
  const { headers = {} } = options;
  const maxFrameBytes = within("maxFrameBytes", options.maxFrameBytes ?? 8 * MIB, 1, 1024 * MIB);
  return {
    fetch: options.fetch ?? systemFetch,
    headers: typeof headers === "function" ? headers : () => headers,
    authenticate: options.authenticate ?? (() => true),
    maxFrameBytes,
    maxQueueBytes: within(
      "maxQueueBytes",
      options.maxQueueBytes ?? Math.max(32 * MIB, maxFrameBytes),
      maxFrameBytes,
      Number.MAX_SAFE_INTEGER,
    ),
    requestTimeoutMs: within("requestTimeoutMs", options.requestTimeoutMs ?? 2_000, 1, 600_000),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
}

function within(name: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new InvalidOption(`${name} is ${value}; give a whole number from ${min} to ${max}`);
}
