// The options of a machine with sessions, checked. They determine what commands do, so they must be
// the same on every node and as long as a log exists.
import type { Codec } from "@raftkit/core";
import { checkOptionShape, InvalidOption } from "@raftkit/core";

export interface SessionsOptions {
  /** Encodes results, which are stored as bytes. Use the node's own. */
  readonly codec: Codec;
  /** If one more is opened, the least recently used session is removed. Default 10,000. */
  readonly maxSessions?: number;
  /**
   * How far a command's number may be above the lowest one that is awaited: the number of commands
   * that a client may have in flight, and of its results that are kept. Default 64, at most 65,536.
   */
  readonly maxUnanswered?: number;
  /**
   * A session that no command has named for this long is removed. In replicated milliseconds, which
   * stand still while nobody leads or nothing is proposed for over an hour; exact to 1 %, or to a
   * minute if that is less. Infinity: sessions are removed by count only. Default an hour.
   */
  readonly expireAfterMs?: number;
  /** A result of more encoded bytes isn't kept: it is returned once. Default 64 KiB. */
  readonly maxResultBytes?: number;
}

/** With their defaults. */
export interface Limits {
  readonly maxSessions: number;
  readonly maxUnanswered: number;
  readonly expireAfterMs: number;
  readonly maxResultBytes: number;
}

const UINT32_MAX = 2 ** 32 - 1;

/** @throws {InvalidOption} */
export function checkOptions(options: SessionsOptions): Limits {
  const shape = {
    codec: "object",
    maxSessions: "number",
    maxUnanswered: "number",
    expireAfterMs: "number",
    maxResultBytes: "number",
  } as const satisfies Record<keyof SessionsOptions, string>;
  checkOptionShape("withSessions", options, shape, ["codec"]);
  const { expireAfterMs = 3_600_000 } = options;
  return {
    maxSessions: whole("maxSessions", options.maxSessions ?? 10_000, 1, UINT32_MAX),
    maxUnanswered: whole("maxUnanswered", options.maxUnanswered ?? 64, 1, 65_536),
    expireAfterMs:
      expireAfterMs === Infinity
        ? Infinity
        : whole("expireAfterMs", expireAfterMs, 1, Number.MAX_SAFE_INTEGER),
    maxResultBytes: whole("maxResultBytes", options.maxResultBytes ?? 65_536, 0, UINT32_MAX - 1),
  };
}

const CLOCK_INTERVAL_MS_MAX = 60_000;

/** How often the machine asks what time it is. */
export function clockIntervalOf(
  { expireAfterMs }: Limits,
  ofMachine: number | undefined,
): number | undefined {
  if (expireAfterMs === Infinity) return ofMachine;
  const own = Math.min(Math.max(1, Math.floor(expireAfterMs / 100)), CLOCK_INTERVAL_MS_MAX);
  return Math.min(own, ofMachine ?? own);
}

function whole(name: string, given: number, min: number, max: number): number {
  if (Number.isSafeInteger(given) && given >= min && given <= max) return given;
  throw new InvalidOption(
    `withSessions: option ${name}: given ${given}; allowed: a whole number from ${min} to ${max}${name === "expireAfterMs" ? ", or Infinity" : ""}`,
  );
}
