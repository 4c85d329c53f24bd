// What one client, and all clients together, may cost this server. Every bound is here, and a
// parameter, so that tests can reach it.

export interface HttpLimits {
  /** Open at once. Beyond it the connection that has waited longest for its client is closed. */
  readonly maxConnections: number;
  /** Requests of one connection that are worked on at once; all but the first are safe ones. */
  readonly maxConcurrentRequests: number;
  /** Requests of one connection that wait for their turn; beyond it the connection isn't read. */
  readonly maxWaitingRequests: number;
  readonly maxHeaderBytes: number;
  /** From the connection's beginning, or the end of an answer, to the end of the next headers. */
  readonly headersTimeoutMs: number;
  /** For a whole request, from its first byte to its last. */
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
  /** What the bodies of all requests may hold together. */
  readonly maxBodiesBytes: number;
  /** What is a small body. */
  readonly smallBodyBytes: number;
  /** The part of `maxBodiesBytes` that only small bodies may use. */
  readonly smallBodiesShareBytes: number;
  /** A body slower than this (after `bodyGraceMs`) is refused. */
  readonly minBodyBytesPerSecond: number;
  readonly bodyGraceMs: number;
  /** How much of a refused body, and how long, is read on so that its sender sees the answer. */
  readonly lingerBytes: number;
  readonly lingerMs: number;
  /** The same, since the last byte of it. */
  readonly lingerIdleMs: number;
  /** What all answers that their clients haven't taken yet may hold together. */
  readonly maxUnsentBytes: number;
  /** An answer of which the client takes nothing for so long ends its connection. */
  readonly sendStallMs: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const defaultLimits: HttpLimits = {
  maxConnections: 1024,
  maxConcurrentRequests: 16,
  maxWaitingRequests: 64,
  maxHeaderBytes: 16 * KIB,
  headersTimeoutMs: 5000,
  requestTimeoutMs: 30_000,
  keepAliveMs: 65_000,
  maxBodiesBytes: 256 * MIB,
  smallBodyBytes: 64 * KIB,
  // As much as small bodies of all connections need: large ones never keep a small one out.
  smallBodiesShareBytes: 64 * MIB,
  minBodyBytesPerSecond: 16 * KIB,
  bodyGraceMs: 3000,
  lingerBytes: 32 * MIB,
  lingerMs: 10_000,
  lingerIdleMs: 1000,
  maxUnsentBytes: 64 * MIB,
  sendStallMs: 30_000,
};
