export type * from "./types.js";
export {
  InvalidOption,
  InvariantViolation,
  RaftkitError,
  StorageLost,
  StorageRolledBack,
} from "./errors.js";
export * from "./members.js";
export * from "./option-shapes.js";
export type * from "./options.js";
export type * from "./ports/index.js";
export type * from "./protocol/messages.js";
export type * from "./protocol/inputs.js";
export type * from "./protocol/effects.js";
export * from "./encoding/identifier-checks.js";
export { CLOCK_ELAPSED_MS_MAX, decodeClock, encodeClock } from "./encoding/clock.js";
export { commandEncoding, isValidCommandEncoding } from "./encoding/command-encoding.js";
export * from "./encoding/entry.js";
export * from "./encoding/configuration.js";
export { decodeMessage, messageHeader, messagePayload } from "./encoding/message.js";
export { crc32 } from "./encoding/crc32.js";
export { STATE_HASH_LENGTH_MAX } from "./encoding/fields.js";
export { decodeFrame, encodeFrame } from "./encoding/frame.js";
export { checkedNextLogState, emptyLogState, nextLogState } from "./log/stored-log.js";
export type { LogState } from "./log/stored-log.js";
export { changeRuns, compactRuns } from "./log/entry-runs.js";
export { CLOCK_STOP_MS } from "./operations/lease.js";
export { STATE_HASHES_KEPT } from "./state/pending-state-hashes.js";
export { countDown } from "./transport/count-down.js";
export { Contacts } from "./transport/contacts.js";
export { checkLocalNode, helloOf, mismatch, readHello } from "./transport/hello.js";
export type { Hello, Mismatch, MismatchCode } from "./transport/hello.js";
export { Raft } from "./raft.js";
export type { RaftStatus } from "./raft.js";
