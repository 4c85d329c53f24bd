export { checkHistory, partsOf } from "./check.js";
export { HistoryError } from "./errors.js";
export { explain } from "./explain.js";
export { keyValue } from "./models/key-value.js";
export type { Expected, KeyValueInput, KeyValueOutput, KeyValueState } from "./models/key-value.js";
export { register } from "./models/register.js";
export type { RegisterInput, RegisterOutput, Value } from "./models/register.js";
export type { CheckOptions, Effect, Model, Operation, Verdict, Violation } from "./types.js";
