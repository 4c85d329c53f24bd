// The checker against the definition, on small random histories that are often right and often
// wrong.
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkHistory, keyValue, register } from "@raftkit/linearizability";
import type {
  KeyValueInput,
  KeyValueOutput,
  Model,
  Operation,
  RegisterInput,
  RegisterOutput,
} from "@raftkit/linearizability";
import { isLinearizable } from "./brute-force.js";

/** Times are few, so that many are equal: the corner where it matters what overlaps. */
function historyOf<I, O>(
  call: fc.Arbitrary<{ input: I; output: O }>,
  clients: number,
  unknownPercent: number,
): fc.Arbitrary<Operation<I, O>[]> {
  const operation = fc.record({
    call,
    wait: fc.nat(2),
    length: fc.nat(4),
    isUnknown: fc.nat(99).map((n) => n < unknownPercent),
  });
  return fc
    .array(fc.array(operation, { maxLength: 4 }), { minLength: 1, maxLength: clients })
    .map((clients) =>
      clients
        .flatMap((operations, client) => {
          let time = 0;
          let isOpen = false;
          return operations.flatMap(
            ({ call: { input, output }, wait, length, isUnknown }): Operation<I, O>[] => {
              if (isOpen) return [];
              isOpen = isUnknown;
              const invoked = time + wait;
              time = invoked + length;
              return [
                {
                  client: `c${client}`,
                  invoked,
                  completed: isUnknown ? Infinity : time,
                  input,
                  ...(!isUnknown && { output }),
                },
              ];
            },
          );
        })
        .slice(0, 8),
    );
}

const value = fc.nat(2);
const registerCall: fc.Arbitrary<{ input: RegisterInput; output: RegisterOutput }> = fc.oneof(
  fc.oneof(value, fc.constant(null)).map((output) => ({ input: { op: "read" } as const, output })),
  value.map((v) => ({ input: { op: "write", value: v } as const, output: true })),
  fc.tuple(value, value, fc.boolean()).map(([expected, v, output]) => ({
    input: { op: "cas", expected, value: v } as const,
    output,
  })),
);

const version = fc.integer({ min: 1, max: 4 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const condition = fc.oneof(
  fc.constantFrom("present" as const, "absent" as const),
  version.map((v) => ({ version: v })),
  value.map((v) => ({ value: v })),
);
const wrote: fc.Arbitrary<KeyValueOutput> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record(
      { ok: fc.constant(true as const), version, existed: fc.boolean() },
      { requiredKeys: ["ok"] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record(
      { ok: fc.constant(false as const), version: fc.option(version) },
      { requiredKeys: ["ok"] },
    ),
  },
);
const write = fc
  .tuple(fc.boolean(), value, maybe(condition), wrote)
  .map(([isPut, v, expected, output]): { input: KeyValueInput; output: KeyValueOutput } => ({
    input: {
      ...(isPut ? { op: "put", value: v } : { op: "delete" }),
      key: "k",
      ...(expected !== undefined && { expected }),
    },
    output,
  }));
const get = fc
  .oneof(fc.constant(null), fc.record({ value, version }, { requiredKeys: [] }))
  .map((output): { input: KeyValueInput; output: KeyValueOutput } => ({
    input: { op: "get", key: "k" },
    output,
  }));

/** @returns how often each verdict came */
function compare<S, I, O>(
  model: Model<S, I, O>,
  call: fc.Arbitrary<{ input: I; output: O }>,
  isSmallest: boolean,
): Record<string, number> {
  const counts: Record<string, number> = { ok: 0, violation: 0 };
  const histories = fc.oneof(historyOf(call, 4, 25), historyOf(call, 6, 50));
  fc.assert(
    fc.property(histories, (history) => {
      const verdict = checkHistory(history, model);
      counts[verdict.kind] = (counts[verdict.kind] ?? 0) + 1;
      expect(verdict.kind).toBe(isLinearizable(history, model) ? "ok" : "violation");
      if (verdict.kind !== "violation") return;
      // What is reported proves the violation by itself: everything else may have happened or not.
      // Without hints, no part of it does.
      const isProof = (believed: readonly Operation<I, O>[]) =>
        !isLinearizable(history, model, (operation) => believed.includes(operation));
      expect(isProof(verdict.smallest)).toBe(true);
      if (isSmallest) {
        for (const one of verdict.smallest) {
          expect(isProof(verdict.smallest.filter((other) => other !== one))).toBe(false);
        }
      }
    }),
    { numRuns: 1500 },
  );
  return counts;
}

/** The same model, its hints withheld: they may change the speed, never the verdict. */
function plain<S, I, O>(model: Model<S, I, O>): Model<S, I, O> {
  return {
    initial: model.initial,
    step: (state, input, output) => model.step(state, input, output),
    key: (state) => model.key(state),
  };
}

test.each([
  ["register", () => compare(register, registerCall, false)],
  ["register without hints", () => compare(plain(register), registerCall, true)],
  ["keyValue", () => compare(keyValue, fc.oneof(write, get), false)],
  ["keyValue without hints", () => compare(plain(keyValue), fc.oneof(write, get), true)],
])("%s: every verdict is the definition's, and both occur often", (_, run) => {
  const counts = run();
  expect(counts["ok"]).toBeGreaterThan(200);
  expect(counts["violation"]).toBeGreaterThan(200);
});
