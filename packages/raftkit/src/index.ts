export * from "./errors.js";
export type * from "./api.js";
export type * from "./instruments.js";
export { InvariantViolation, RaftkitError, StorageLost } from "@raftkit/core";
export type {
  ApplyContext,
  Clock,
  Codec,
  CodecValue,
  Configuration,
  Index,
  LogStorage,
  NodeId,
  Peer,
  Random,
  ReturnOf,
  Returns,
  Server,
  StateMachine,
  Term,
  Transport,
} from "@raftkit/core";
export { createNode } from "./create-node.js";
