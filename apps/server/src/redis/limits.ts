// What one client of the Redis port, and all of them together, may cost this server. Every bound is
// here, and a parameter, so that tests can reach it.
import { VALUE_BYTES_MAX } from "@raftkit/kv";

export interface RedisLimits {
  /** Open at once; one more is refused. */
  readonly maxConnections: number;
  /** Of one command, its name included. */
  readonly maxArguments: number;
  /** One argument. */
  readonly maxArgumentBytes: number;
  /** All arguments of one command together, and all commands of one transaction. */
  readonly maxCommandBytes: number;
  /** A command in plain text, or a line that announces a length. */
  readonly maxLineBytes: number;
  /** Commands that were read and wait for their turn; beyond it the connection isn't read. */
  readonly maxWaitingBytes: number;
  /** What clients' commands that can't be answered yet hold in all: the largest holder is cut. */
  readonly maxAllInputBytes: number;
  /** Replies that the client hasn't read; beyond it none of its commands is begun. */
  readonly maxUnsentBytes: number;
  /** The same for all clients together: the one that has read nothing for longest is cut. */
  readonly maxAllUnsentBytes: number;
  /** A client that reads nothing for so long, although replies wait for it, is cut. */
  readonly sendStallMs: number;
  /** How long a client may take to end its side once a connection that is ended has sent all. */
  readonly lingerMs: number;
  /** One reply; a command that would have a larger one gets an error. */
  readonly maxReplyBytes: number;
  /** Keys of one KEYS. */
  readonly maxKeys: number;
  /** Cursors of SCAN that are remembered; the oldest is forgotten first. */
  readonly maxCursors: number;
  /** Keys that a connection may watch. */
  readonly maxWatched: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const defaultRedisLimits: RedisLimits = {
  maxConnections: 4096,
  maxArguments: 8200,
  maxArgumentBytes: VALUE_BYTES_MAX,
  maxCommandBytes: 2 * MIB,
  maxLineBytes: 64 * KIB,
  maxWaitingBytes: MIB,
  maxAllInputBytes: 512 * MIB,
  maxUnsentBytes: MIB,
  maxAllUnsentBytes: 256 * MIB,
  sendStallMs: 30_000,
  lingerMs: 1000,
  maxReplyBytes: 64 * MIB,
  maxKeys: 100_000,
  maxCursors: 4096,
  maxWatched: 1024,
};
