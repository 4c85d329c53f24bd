// What callers see: one limit for all replicas together.
import type { Decision, LimiterNode } from "./limiter-machine.js";

export interface RateLimiterOptions {
  readonly node: LimiterNode;
  readonly limit: number;
  readonly periodMs: number;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

export interface RateLimiter {
  /**
   * @throws {NotProposed | OutcomeUnknown} nothing was decided in time, or it isn't known what: the
   * caller knows whether to let the client in then
   */
  take(client: string): Promise<Decision>;
}

export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { node, limit, periodMs, now = Date.now } = options;
  return { take: (client) => node.propose({ client, nowMs: now(), limit, periodMs }) };
}
