// The options of a simulated cluster.
import type { Codec, NodeId, StateMachine } from "@raftkit/core";
import type { NodeOptions } from "raftkit";
import type { DiskSettings } from "./disk.js";
import type { LinkSettings } from "./links.js";

export interface ClusterOptions<Command, Result, Query, Answer> {
  /** Determines everything random. */
  readonly seed: number;
  /** The number of nodes, named n1, n2 and so on. Default 3. */
  readonly nodes?: number;
  /** Creates a node's state machine, once for each of its runs. */
  readonly stateMachine: (id: NodeId) => StateMachine<Command, Result, Query, Answer>;
  /** Default: MessagePack. */
  readonly codec?: Codec;
  /** Default: 0.5 to 2 ms, nothing lost. */
  readonly network?: Partial<LinkSettings>;
  /** Default: 0.1 to 1 ms for a write. */
  readonly disk?: Partial<DiskSettings>;
  /** Passed on to every node. */
  readonly node?: Pick<
    NodeOptions<Command, Result, Query, Answer>,
    | "electionTimeoutMs"
    | "heartbeatIntervalMs"
    | "defaultTimeoutMs"
    | "maxCommandBytes"
    | "maxUncommittedBytes"
    | "maxLogBytes"
  >;
  /** Which nodes run from the beginning. Default: all. */
  readonly start?: readonly NodeId[];
}
