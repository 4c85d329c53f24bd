// The smallest part of a violation proves it, checked on longer histories than can be tried in
// every order: whatever is not in it becomes, in a wrapped model, an operation that may do nothing.
// That takes another way through the search than the one that found the part.
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkHistory, register } from "@raftkit/linearizability";
import type {
  Model,
  Operation,
  RegisterInput,
  RegisterOutput,
  Value,
} from "@raftkit/linearizability";
import { search } from "../src/search.js";

type Optional = { readonly isCertain: boolean; readonly input: RegisterInput };

const relaxed: Model<Value, Optional, RegisterOutput> = {
  initial: register.initial,
  step: (state, { isCertain, input }, output) => [
    ...register.step(state, input, output),
    ...(isCertain ? [] : [state]),
  ],
  key: (state) => register.key(state),
};

const call = fc.record({
  client: fc.nat(4),
  isRead: fc.boolean(),
  wait: fc.nat(3),
  before: fc.nat(6),
  after: fc.nat(6),
});

/** What clients of one real register would see, and then one answer forged. */
const spoilt = fc
  .tuple(fc.array(call, { minLength: 10, maxLength: 60 }), fc.nat(), fc.nat(60))
  .map(([calls, which, value]) => {
    const free = new Map<number, number>();
    const planned = calls.map(({ client, isRead, wait, before, after }, i) => {
      const invoked = (free.get(client) ?? 0) + 1 + wait;
      free.set(client, invoked + before + after);
      return {
        client: `c${client}`,
        invoked,
        at: invoked + before,
        completed: invoked + before + after,
        isRead,
        value: i,
      };
    });
    let now: Value = null;
    const answers = new Map<number, Value>();
    for (const { value: i, isRead } of [...planned].sort(
      (a, b) => a.at - b.at || a.value - b.value,
    )) {
      if (!isRead) now = i;
      answers.set(i, now);
    }
    const reads = planned.filter(({ isRead }) => isRead);
    const forged = reads[which % reads.length];
    return planned.map(
      ({
        client,
        invoked,
        completed,
        isRead,
        value: i,
      }): Operation<RegisterInput, RegisterOutput> => ({
        client,
        invoked,
        completed,
        input: isRead ? { op: "read" } : { op: "write", value: i },
        output: !isRead
          ? true
          : i === forged?.value
            ? value % calls.length
            : (answers.get(i) ?? null),
      }),
    );
  });

test("the smallest part is a proof by itself, and two or three operations on average", () => {
  const sizes: number[] = [];
  fc.assert(
    fc.property(spoilt, (history) => {
      const verdict = checkHistory(history, register);
      expect(verdict.kind).not.toBe("undecided");
      if (verdict.kind !== "violation") return;
      sizes.push(verdict.smallest.length);
      const rest = history.map((operation) => ({
        ...operation,
        input: { isCertain: verdict.smallest.includes(operation), input: operation.input },
      }));
      expect(checkHistory(rest, relaxed).kind).toBe("violation");
    }),
    { numRuns: 400 },
  );
  expect(sizes.length).toBeGreaterThan(100);
  expect(sizes.reduce((sum, size) => sum + size, 0) / sizes.length).toBeLessThan(4);
});

/**
 * A register under eight clients: of half of the writes nobody hears, and of these some come late,
 * some never; at the end a read is stale.
 */
function manyUnknown(seed: number): readonly Operation<RegisterInput, RegisterOutput>[] {
  let state = seed;
  const random = (): number =>
    (state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff) / 0x7fff_ffff;
  const history: Operation<RegisterInput, RegisterOutput>[] = [];
  const late: (() => void)[] = [];
  let now: Value = null;
  for (let i = 0; i < 400; i++) {
    while (late.length > 0 && random() < 0.2) {
      late.splice(Math.floor(random() * late.length), 1)[0]?.();
    }
    const [client, expected, kind] = [`c${i}`, now, random()];
    const [invoked, completed, isUnknown] = [
      10 * i - 80 * random(),
      10 * i + 80 * random(),
      kind > 0.4 && random() < 0.5,
    ];
    if (kind < 0.4) {
      history.push({ client, invoked, completed, input: { op: "read" }, output: now });
    } else {
      const input: RegisterInput =
        kind < 0.8 ? { op: "write", value: i } : { op: "cas", expected, value: i };
      const happen = (): void => void (now = input.op === "write" || now === expected ? i : now);
      if (!isUnknown) happen();
      else if (random() < 0.6) late.push(happen);
      history.push({
        client,
        invoked,
        completed: isUnknown ? Infinity : completed,
        input,
        output: true,
      });
    }
  }
  const reads = history.filter(({ input, output }) => input.op === "read" && output !== null);
  return [
    ...history,
    {
      client: "stale",
      invoked: 5000,
      completed: 5001,
      input: { op: "read" },
      output: reads[reads.length >> 1]?.output ?? null,
    },
  ];
}

test.each([4, 5, 6])(
  "a hundred unknown outcomes don't make the smallest part large (%i)",
  (seed) => {
    const history = manyUnknown(seed);
    expect(history.filter(({ completed }) => completed === Infinity).length).toBeGreaterThan(80);
    const verdict = checkHistory(history, register);
    if (verdict.kind !== "violation") throw new Error(`it is ${verdict.kind}`);
    expect(verdict.smallest.length).toBeLessThanOrEqual(4);
    expect(
      search(
        history.toSorted((a, b) => a.invoked - b.invoked),
        register,
        5_000_000,
        new Set(verdict.smallest),
      ).kind,
    ).toBe("stuck");
  },
);

test("what need not have happened can help as long as it wasn't over, each for itself", () => {
  const at = (invoked: number, input: RegisterInput, output: RegisterOutput) => ({
    client: `c${invoked}`,
    invoked,
    completed: invoked + 1,
    input,
    output,
  });
  const [first, second] = [at(5, { op: "read" }, 1), at(15, { op: "read" }, 2)];
  const history = [
    at(0, { op: "write", value: 1 }, true),
    first,
    at(10, { op: "write", value: 2 }, true),
    second,
  ];
  expect(search(history, register, 1000, new Set([first, second])).kind).toBe("explained");
  const tooLate = [...history, at(20, { op: "read" }, 1)];
  expect(search(tooLate, register, 1000, new Set(tooLate.slice(-2))).kind).toBe("stuck");
});
