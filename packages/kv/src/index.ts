export { BATCH_OPERATIONS_MAX, BatchWriter } from "./batch.js";
export type { BatchCondition } from "./batch.js";
export type { KvChange, KvChanges, LazyKvChanges } from "./changes.js";
export { batchCommand, deleteCommand, kvCommandSchema, putCommand } from "./commands.js";
export type {
  Condition,
  KvBatchCommand,
  KvCommand,
  KvCommandSchema,
  KvWriteCommand,
} from "./commands.js";
export { PAGE_BYTES_MAX, PAGE_ENTRIES_MAX, createKv } from "./kv.js";
export type { Kv, KvAnswer, KvListEntry, KvOptions, KvQuery } from "./kv.js";
export { KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./limits.js";
export type {
  KvBatchResult,
  KvEntry,
  KvOperationResult,
  KvResult,
  KvWriteResult,
} from "./results.js";
