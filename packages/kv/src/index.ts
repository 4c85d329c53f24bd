export {
  KEY_BYTES_MAX,
  VALUE_BYTES_MAX,
  deleteCommand,
  kvCommandSchema,
  putCommand,
} from "./commands.js";
export type { Condition, KvCommand, KvCommandSchema } from "./commands.js";
export { PAGE_BYTES_MAX, PAGE_ENTRIES_MAX, createKv } from "./kv.js";
export type {
  Kv,
  KvAnswer,
  KvChange,
  KvChanges,
  KvEntry,
  KvListEntry,
  KvOptions,
  KvQuery,
  KvResult,
} from "./kv.js";
