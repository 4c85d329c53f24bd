export * from "./errors.js";
export type * from "./api.js";
export type * from "./api-calls.js";
export type * from "./api-members.js";
export type * from "./instruments.js";
export { InvariantViolation, RaftkitError, StorageLost } from "@raftkit/core";
export type {
  ApplyContext,
  Clock,
  Codec,
  CodecValue,
  Configuration,
  Index,
  IntroductionVerdict,
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
export { createChangeFeed } from "./change-feed.js";
export type {
  ChangeFeed,
  ChangeFeedOptions,
  Changes,
  LazyEvents,
  Watch,
  WatchOptions,
} from "./change-feed.js";
export { WatchEnded } from "./watch-ended.js";
export type { WatchEndedReason } from "./watch-ended.js";
export { createNode } from "./create-node.js";
