// A register: one value, read, written, or written if it has an expected value. With keys: many of
// them.
import type { Effect, Model } from "../types.js";

/** What a register or a key holds. Bytes: give their text, base64 or hash. */
export type Value = string | number | boolean | null;

/** `key` is needed only where there are several registers. */
export type RegisterInput =
  | { readonly op: "read"; readonly key?: string }
  | { readonly op: "write"; readonly key?: string; readonly value: Value }
  | { readonly op: "cas"; readonly key?: string; readonly expected: Value; readonly value: Value };

/** Of a read: the value. Of a cas: whether it wrote. Of a write: anything, true is usual. */
export type RegisterOutput = Value;

/** Reads, writes and compare-and-set (`cas`) of registers that hold null at first. */
export const register: Model<Value, RegisterInput, RegisterOutput> = {
  initial: null,
  step(state, input, output) {
    if (input.op === "read") return output === undefined || output === state ? [state] : [];
    if (input.op === "write") return [input.value];
    const holds = state === input.expected;
    return output === undefined || output === holds ? [holds ? input.value : state] : [];
  },
  key: (state) => JSON.stringify(state),
  partition: ({ key }) => key ?? "",
  effect(input, output): Effect {
    if (input.op === "read" || (input.op === "cas" && output === false)) return "reads";
    return input.op === "write" ? "overwrites" : "changes";
  },
  describe(input, output) {
    const answer = output === undefined ? "?" : JSON.stringify(output);
    if (input.op === "read") return `read -> ${answer}`;
    if (input.op === "write") {
      return `write ${JSON.stringify(input.value)} -> ${output === undefined ? "?" : "ok"}`;
    }
    return `cas ${JSON.stringify(input.expected)} to ${JSON.stringify(input.value)} -> ${answer}`;
  },
};
