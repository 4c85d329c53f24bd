export type * from "./types.js";
export * from "./errors.js";
export type * from "./options.js";
export type * from "./ports/index.js";
export type * from "./protocol/messages.js";
export type * from "./protocol/inputs.js";
export type * from "./protocol/effects.js";
export * from "./encoding/identity.js";
export * from "./encoding/entry.js";
export * from "./encoding/configuration.js";
export {
  decodeMessage,
  messageHeader,
  messagePayload,
  STATE_HASH_LENGTH_MAX,
} from "./encoding/message.js";
export { decodeFrame, encodeFrame } from "./encoding/frame.js";
export { checkedNextLogState, emptyLogState, nextLogState } from "./log/stored-log.js";
export type { LogState } from "./log/stored-log.js";
export { changeRuns, compactRuns } from "./log/entry-runs.js";
export { STATE_HASHES_KEPT } from "./state/state-hashes.js";
export { Raft } from "./raft.js";
export type { RaftStatus } from "./raft.js";
