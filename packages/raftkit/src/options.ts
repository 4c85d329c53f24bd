// A node's options with their defaults, checked: an error names the option, the given value and the
// allowed ones.
import type { Clock, NodeId, OptionShape, Random } from "@raftkit/core";
import {
  checkOptionShape,
  CLOCK_ELAPSED_MS_MAX,
  CLOCK_STOP_MS,
  commandEncoding,
  ENTRY_HEADER_BYTES,
  isValidCommandEncoding,
  isValidId,
} from "@raftkit/core";
import type { Logger, NodeOptions } from "./api.js";
import type { Consistency, ReadOptions } from "./api-calls.js";
import { defaultMaxLogBytes, silentLogger, systemClock, systemRandom } from "./platform.js";
import { checkCluster } from "./cluster-options.js";
import { checkShape, wrong } from "./option-shapes.js";
import { InvalidOption } from "./errors.js";
import { createSafeLogger } from "./safe-logger.js";

/** Room in a frame for what isn't a command's data. */
export const FRAME_HEADER_BYTES_MAX: number = 64 * 1024;

/** What an entry counts for in the bounds, beside its data. */
export const ENTRY_OVERHEAD_BYTES: number = 256;

/** In a forward it has a header, too. */
const ENTRY_BYTES = ENTRY_OVERHEAD_BYTES + ENTRY_HEADER_BYTES;

export interface Settings {
  readonly electionTimeoutMs: { readonly min: number; readonly max: number };
  readonly heartbeatIntervalMs: number;
  readonly defaultTimeoutMs: number;
  readonly maxCommandBytes: number;
  readonly maxUncommittedBytes: number;
  readonly maxLogBytes: number;
  readonly snapshotAfterBytes: number;
  readonly maxMessageBytes: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  /** What the state machine asks for. */
  readonly clockIntervalMs: number | undefined;
  readonly leaseDriftRate: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** @throws {InvalidOption} */
export function checkOptions<C, R, Q, A, I>(options: NodeOptions<C, R, Q, A, I>): Settings {
  checkShape(options);
  const { id, transport } = options;
  if (!isValidId(id)) throw wrong("id", id, "1 to 64 of A-Z, a-z, 0-9, _ and -");
  checkCluster(options);
  checkParts(options);
  const electionTimeoutMs = options.electionTimeoutMs ?? { min: 150, max: 300 };
  if (
    !(
      electionTimeoutMs.min > 0 &&
      electionTimeoutMs.max > electionTimeoutMs.min &&
      electionTimeoutMs.max < Infinity
    )
  ) {
    throw wrong(
      "electionTimeoutMs",
      electionTimeoutMs,
      "{ min, max } in milliseconds, 0 < min < max",
    );
  }
  const heartbeatIntervalMs =
    options.heartbeatIntervalMs ?? Math.min(50, electionTimeoutMs.min / 2);
  if (!(heartbeatIntervalMs > 0 && heartbeatIntervalMs <= electionTimeoutMs.min / 2)) {
    throw wrong(
      "heartbeatIntervalMs",
      heartbeatIntervalMs,
      `more than 0 and at most half of electionTimeoutMs.min (${electionTimeoutMs.min / 2})`,
    );
  }
  const frameBytes = transport.maxFrameBytes - FRAME_HEADER_BYTES_MAX;
  if (frameBytes < 1) {
    throw wrong(
      "transport.maxFrameBytes",
      transport.maxFrameBytes,
      `more than ${FRAME_HEADER_BYTES_MAX}`,
    );
  }
  const maxUncommittedBytes = positive(
    "maxUncommittedBytes",
    options.maxUncommittedBytes ?? 64 * 2 ** 20,
    Infinity,
  );
  const maxLogBytes = positive(
    "maxLogBytes",
    options.maxLogBytes ?? defaultMaxLogBytes(),
    Infinity,
  );
  // A command that no leader ever has room for would be refused as overload forever. In the log it
  // may have at most half of the limit: a log without room for it has then grown by the other half,
  // and a snapshot is due (decision 0043).
  const commandBytes = Math.min(
    frameBytes,
    maxUncommittedBytes - ENTRY_BYTES,
    Math.floor(maxLogBytes / 2) - ENTRY_BYTES,
  );
  if (commandBytes < 1) {
    throw wrong(
      "maxUncommittedBytes and maxLogBytes",
      [maxUncommittedBytes, maxLogBytes],
      `more than ${ENTRY_BYTES}, which is what a command costs in addition to its data, and more than ${2 * ENTRY_BYTES + 1}, since it may fill half of the log`,
    );
  }
  return {
    electionTimeoutMs,
    heartbeatIntervalMs,
    maxUncommittedBytes,
    maxLogBytes,
    snapshotAfterBytes: positive(
      "snapshotAfterBytes",
      options.snapshotAfterBytes ?? 64 * 2 ** 20,
      Infinity,
    ),
    defaultTimeoutMs: positive("defaultTimeoutMs", options.defaultTimeoutMs ?? 5000, Infinity),
    maxCommandBytes: positive(
      "maxCommandBytes",
      options.maxCommandBytes ?? Math.min(4 * 2 ** 20, commandBytes),
      commandBytes,
    ),
    maxMessageBytes: Math.min(2 ** 20, frameBytes),
    maxInflightMessages: 256,
    maxInflightBytes: 8 * 2 ** 20,
    leaseDriftRate: checkLeases(options, electionTimeoutMs.min, heartbeatIntervalMs),
    clockIntervalMs: options.stateMachine.clockIntervalMs,
    clock: options.clock ?? systemClock(),
    random: options.random ?? systemRandom,
    logger: options.logger ? createSafeLogger(options.logger) : silentLogger,
  };
}

/** A lease that ends before the next heartbeat would help nobody. */
function checkLeases<C, R, Q, A, I>(
  { leaseDriftRate: rate, clock }: NodeOptions<C, R, Q, A, I>,
  electionTimeoutMinMs: number,
  heartbeatIntervalMs: number,
): number | undefined {
  if (rate === undefined) return undefined;
  const validMs = (electionTimeoutMinMs / (1 + rate)) * (1 - rate) - 2 * CLOCK_STOP_MS - 1;
  if (!(rate > 0 && rate < 1 && validMs > heartbeatIntervalMs)) {
    throw wrong(
      "leaseDriftRate",
      rate,
      `a number above 0 and below 1, small enough that electionTimeoutMs.min * (1 - rate) / (1 + rate) is longer than heartbeatIntervalMs by ${2 * CLOCK_STOP_MS + 1} ms`,
    );
  }
  if (clock) requireMethods("clock (leaseDriftRate is given)", clock, ["wallNow"]);
  return rate;
}

type CallName =
  | "propose"
  | "proposeAll"
  | "read"
  | "ready"
  | "member"
  | "changeMembership"
  | "transferLeadership"
  | "close";

const CALL_OPTIONS: Readonly<Record<CallName, OptionShape>> = {
  propose: { signal: "object", timeoutMs: "number", wait: "boolean", onIndex: "function" },
  proposeAll: { signal: "object", timeoutMs: "number", wait: "boolean", onIndex: "function" },
  read: { signal: "object", timeoutMs: "number", wait: "boolean", onIndex: "function" },
  ready: { signal: "object", timeoutMs: "number" },
  member: { signal: "object", timeoutMs: "number" },
  changeMembership: {
    expected: "number",
    signal: "object",
    timeoutMs: "number",
    onProgress: "function",
  },
  transferLeadership: { signal: "object", timeoutMs: "number" },
  close: { timeoutMs: "number", transfer: "boolean" },
};

/** Which ones a call was given. @throws {InvalidOption} */
export function checkCallOptions(call: CallName, options: unknown): void {
  if (options !== undefined) checkOptionShape(call, options, CALL_OPTIONS[call]);
}

/** Which options a read was given, and with which consistency. @throws {InvalidOption} */
export function checkReadOptions(options: ReadOptions | undefined): Consistency {
  const { consistency = "linearizable", ...rest } = Object(options) as ReadOptions;
  checkCallOptions("read", options === undefined || Object(options) !== options ? options : rest);
  const isRight =
    typeof consistency === "object"
      ? Number.isSafeInteger(consistency?.atLeast) && consistency.atLeast >= 0
      : ["linearizable", "lease", "local"].includes(consistency);
  if (isRight) return consistency;
  throw wrong(
    "consistency",
    consistency,
    '"linearizable", "lease", "local" or { atLeast: index }, an index of 0 or more',
  );
}

/** Of `proposeAll`. @throws {InvalidOption} */
export function checkCommands(commands: readonly unknown[]): void {
  if (!Array.isArray(commands)) throw wrong("commands", commands, "an array");
}

/** Who is to lead. @throws {InvalidOption} */
export function checkTarget(to: NodeId | null): void {
  if (to === null || (typeof to === "string" && isValidId(to))) return;
  throw wrong("to", to, "1 to 64 of A-Z, a-z, 0-9, _ and -, or none");
}

/** Of one call. @throws {InvalidOption} */
export function checkTimeout(timeoutMs: number): number {
  if (typeof timeoutMs === "number" && timeoutMs >= 0) return timeoutMs;
  throw wrong("timeoutMs", timeoutMs, "0 or more milliseconds");
}

/** Of one call. @throws {InvalidOption} */
export function checkSignal(signal: AbortSignal): AbortSignal {
  if (typeof (signal as Partial<AbortSignal>).addEventListener === "function") return signal;
  throw wrong("signal", signal, "an AbortSignal");
}

/** Types say so too, but not every program is checked by them. */
function checkParts<C, R, Q, A, I>(options: NodeOptions<C, R, Q, A, I>): void {
  requireMethods("transport", options.transport, ["start", "send", "setPeers", "close"]);
  requireMethods("storage.log", options.storage.log, ["open", "write", "close"]);
  requireMethods("codec", options.codec, ["encode", "decode"]);
  requireMethods("stateMachine", options.stateMachine, ["apply", "query"]);
  const encoding = commandEncoding(options.codec, options.stateMachine);
  if (!isValidCommandEncoding(encoding)) {
    throw wrong(
      "codec.name, with stateMachine.commandFormat after a +",
      encoding,
      "up to four names joined by +, each 1 to 32 of a-z, 0-9 and -",
    );
  }
  const { snapshots } = options.storage;
  if (snapshots !== undefined) {
    requireMethods("storage.snapshots", snapshots, ["open", "openReader", "create", "close"]);
    requireMethods("stateMachine (storage.snapshots is given)", options.stateMachine, [
      "snapshot",
      "restore",
    ]);
  }
  const { clockIntervalMs } = options.stateMachine;
  if (
    clockIntervalMs !== undefined &&
    !(clockIntervalMs >= 1 && clockIntervalMs <= CLOCK_ELAPSED_MS_MAX)
  ) {
    throw wrong(
      "stateMachine.clockIntervalMs",
      clockIntervalMs,
      `milliseconds from 1 to ${CLOCK_ELAPSED_MS_MAX}, or none`,
    );
  }
}

function requireMethods(name: string, part: object | undefined, methods: readonly string[]): void {
  const missing = methods.filter(
    (method) => typeof Reflect.get(Object(part), method) !== "function",
  );
  if (missing.length === 0) return;
  // A part may have cycles, so it isn't shown.
  throw new InvalidOption(
    `option ${name}: ${part === undefined ? "not given" : `given one without ${missing.join(", ")}`}; allowed: an object with the functions ${methods.join(", ")}`,
  );
}

function positive(name: string, given: number, max: number): number {
  if (given > 0 && given <= max) return given;
  throw wrong(
    name,
    given,
    max === Infinity ? "a number above 0" : `a number above 0, at most ${max}`,
  );
}
