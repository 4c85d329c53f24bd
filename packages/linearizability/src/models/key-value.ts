// A key-value store with conditional writes, whose keys may have versions that only grow (an ETag,
// a modification index). Missing parts of an answer are not checked: a store without versions is
// checked by values alone.
import type { Effect, Model } from "../types.js";
import type { Value } from "./register.js";

/**
 * What must hold for a write to take effect: the key exists, or doesn't, or has this version or
 * value.
 */
export type Expected =
  | "present"
  | "absent"
  | { readonly version: number }
  | { readonly value: Value };

export type KeyValueInput =
  | { readonly op: "get"; readonly key: string }
  | {
      readonly op: "put";
      readonly key: string;
      readonly value: Value;
      readonly expected?: Expected;
    }
  | { readonly op: "delete"; readonly key: string; readonly expected?: Expected };

/**
 * Of a get: null if there is no such key, else its value, its version or both. Of a put or delete
 * that took effect: the version that it has now (a deletion may have one, too), and whether the key
 * existed before. Of one whose condition didn't hold: the version that is there, null for none.
 * Each may be left out.
 */
export type KeyValueOutput =
  | null
  | { readonly value?: Value; readonly version?: number }
  | { readonly ok: true; readonly version?: number; readonly existed?: boolean }
  | { readonly ok: false; readonly version?: number | null };

/**
 * `version` is undefined where no answer has told it yet; it is above `floor`, the last version
 * that is known.
 */
export interface KeyValueState {
  readonly value: Value | undefined;
  readonly version: number | undefined;
  readonly floor: number;
}

/**
 * put, get and delete, each key by itself, absent at first. Versions of a key must grow, and no two
 * writes share one.
 */
export const keyValue: Model<KeyValueState, KeyValueInput, KeyValueOutput> = {
  initial: { value: undefined, version: undefined, floor: -Infinity },
  step(state, input, output) {
    if (input.op === "get") {
      return output === undefined || (output !== null && "ok" in output)
        ? [state]
        : seen(state, output);
    }
    const allowed = expectedOf(state, input.expected);
    const refused = input.expected === undefined ? [] : refusedBy(state, input.expected, output);
    if (output === undefined) {
      return [...allowed.map((before) => written(before, input, undefined)), ...refused];
    }
    if (output === null || !("ok" in output)) return [];
    if (!output.ok) {
      return output.version === undefined
        ? refused
        : refused.flatMap((before) => withVersion(before, output.version ?? null));
    }
    const { version, existed } = output;
    return allowed
      .filter(
        (before) =>
          (existed === undefined || existed === (before.value !== undefined)) &&
          (version === undefined || version > before.floor),
      )
      .map((before) => written(before, input, version));
  },
  key: ({ value, version, floor }) =>
    `${value === undefined ? "" : JSON.stringify(value)} ${version ?? ""} ${floor}`,
  partition: ({ key }) => key,
  effect(input, output): Effect {
    if (input.op === "get") return "reads";
    if (output !== undefined && output !== null && "ok" in output && !output.ok) return "reads";
    const tellsExisted =
      output !== undefined &&
      output !== null &&
      "existed" in output &&
      output.existed !== undefined;
    return input.expected === undefined && !tellsExisted ? "overwrites" : "changes";
  },
  rank: (_, output) =>
    output !== undefined && output !== null && "ok" in output && output.ok
      ? output.version
      : undefined,
  describe(input, output) {
    const value = input.op === "put" ? ` ${JSON.stringify(input.value)}` : "";
    const condition =
      input.op === "get" || input.expected === undefined
        ? ""
        : ` if ${conditionText(input.expected)}`;
    return `${input.op}${value}${condition} -> ${answerText(output)}`;
  },
};

function written(
  before: KeyValueState,
  input: KeyValueInput,
  version: number | undefined,
): KeyValueState {
  const floor = version ?? before.floor;
  return {
    value: input.op === "put" ? input.value : undefined,
    version: input.op === "put" ? version : undefined,
    floor,
  };
}

/**
 * The states that this one may be if the key has this version (null: it doesn't exist). A version
 * that wasn't known is known then.
 */
function withVersion(state: KeyValueState, version: number | null): readonly KeyValueState[] {
  if (version === null) return state.value === undefined ? [state] : [];
  if (state.value === undefined) return [];
  if (state.version !== undefined) return state.version === version ? [state] : [];
  return version > state.floor ? [{ value: state.value, version, floor: version }] : [];
}

function seen(
  state: KeyValueState,
  output: null | { readonly value?: Value; readonly version?: number },
): readonly KeyValueState[] {
  if (output === null) return state.value === undefined ? [state] : [];
  if (state.value === undefined || (output.value !== undefined && output.value !== state.value)) {
    return [];
  }
  return output.version === undefined ? [state] : withVersion(state, output.version);
}

function expectedOf(
  state: KeyValueState,
  expected: Expected | undefined,
): readonly KeyValueState[] {
  if (expected === undefined) return [state];
  if (expected === "present" || expected === "absent") {
    return (expected === "present") === (state.value !== undefined) ? [state] : [];
  }
  return "version" in expected
    ? withVersion(state, expected.version)
    : state.value === expected.value
      ? [state]
      : [];
}

/**
 * A version that isn't known yet can still be another than the expected one; which one is left
 * open.
 */
function refusedBy(
  state: KeyValueState,
  expected: Expected,
  output: KeyValueOutput | undefined,
): readonly KeyValueState[] {
  const wanted =
    typeof expected === "object" && "version" in expected ? expected.version : undefined;
  const isOpen =
    wanted !== undefined &&
    output?.version !== wanted &&
    state.value !== undefined &&
    state.version === undefined;
  return isOpen || expectedOf(state, expected).length === 0 ? [state] : [];
}

function conditionText(expected: Expected): string {
  if (typeof expected === "string") return expected;
  return "version" in expected
    ? `version ${expected.version}`
    : `value ${JSON.stringify(expected.value)}`;
}

function answerText(output: KeyValueOutput | undefined): string {
  if (output === undefined) return "?";
  if (output === null) return "absent";
  if ("ok" in output && !output.ok) {
    return `refused${output.version === undefined ? "" : output.version === null ? ", absent" : `, version ${output.version}`}`;
  }
  const version =
    output.version === undefined || output.version === null ? [] : [`version ${output.version}`];
  if ("ok" in output) {
    return [
      "ok",
      ...version,
      ...(output.ok && output.existed !== undefined
        ? [output.existed ? "existed" : "was absent"]
        : []),
    ].join(", ");
  }
  return (
    [...(output.value === undefined ? [] : [JSON.stringify(output.value)]), ...version].join(
      ", ",
    ) || "present"
  );
}
