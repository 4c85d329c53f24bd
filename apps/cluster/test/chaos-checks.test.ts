// The checks find what they are there for: each is shown a record that is right and some that are
// wrong in one thing.
import { describe, expect, test } from "vitest";
import { checkRecord, finalReads } from "../src/chaos/checks/checks.js";
import type { FinalState } from "../src/chaos/checks/final-state.js";
import type { KeyValueOperation } from "../src/chaos/workload/history.js";
import { findLostWrites } from "../src/chaos/checks/lost-writes.js";

let client = 0;

function put(
  key: string,
  value: string,
  index: number | undefined,
  [invoked, completed]: readonly [number, number],
): KeyValueOperation {
  const output = index === undefined ? {} : { output: { ok: true as const, version: index } };
  return {
    client: `c${++client}`,
    invoked,
    completed,
    input: { op: "put", key, value },
    ...output,
  };
}

type Expected = Extract<KeyValueOperation["input"], { op: "put" }>["expected"];

function remove(
  key: string,
  index: number | undefined,
  [invoked, completed]: readonly [number, number],
  expected?: Expected,
): KeyValueOperation {
  const output = index === undefined ? {} : { output: { ok: true as const, version: index } };
  return {
    client: `c${++client}`,
    invoked,
    completed,
    input: { op: "delete", key, ...(expected === undefined ? {} : { expected }) },
    ...output,
  };
}

function given(operation: KeyValueOperation, expected: Expected): KeyValueOperation {
  return { ...operation, input: { ...operation.input, expected } as KeyValueOperation["input"] };
}

function held(
  ...entries: readonly (readonly [key: string, value: string, index: number])[]
): FinalState {
  const contents = entries.map(([key, value, index]) => ({ key, value, index }));
  return { nodes: ["n1", "n2"].map((id) => ({ id, fromMs: 1000, toMs: 1001, entries: contents })) };
}

/** The names of the checks that fail, and what they say. */
function failures(
  operations: readonly KeyValueOperation[],
  state: FinalState,
): Record<string, string> {
  const all = [
    ...operations,
    ...finalReads(state, [...new Set(operations.map(({ input }) => input.key))]),
  ];
  return Object.fromEntries(
    checkRecord(all, state)
      .filter(({ ok }) => !ok)
      .map(({ name, detail }) => [name, detail.split("\n")[0] ?? ""]),
  );
}

const unknown = (from: number): readonly [number, number] => [from, Infinity];

describe("a record", () => {
  test("that is right passes, also with unknown outcomes that explain what is there", () => {
    expect(
      failures(
        [put("a", "v1", 5, [0, 1]), put("b", "v2", 6, [2, 3]), remove("b", 7, [4, 5])],
        held(["a", "v1", 5]),
      ),
    ).toEqual({});
    expect(
      failures(
        [put("a", "v1", 5, [0, 1]), put("a", "v2", undefined, unknown(2))],
        held(["a", "v2", 9]),
      ),
    ).toEqual({});
    expect(
      failures([put("a", "v1", 5, [0, 1]), remove("a", undefined, unknown(2))], held()),
    ).toEqual({});
    expect(failures([put("a", "v1", undefined, unknown(0))], held())).toEqual({});
  });

  test("in which an acknowledged write is gone, fails", () => {
    expect(failures([put("a", "v1", 5, [0, 1])], held())).toEqual({
      linearizable: expect.stringContaining('part "a"') as string,
      "nothing acknowledged lost": 'n1: "a" is gone; it holds "v1" since index 5',
    });
  });

  test("in which an older value is back, or one that nobody wrote, fails", () => {
    const operations = [put("a", "v1", 5, [0, 1]), put("a", "v2", 8, [2, 3])];
    const lost = (found: string): unknown =>
      expect.objectContaining({
        "nothing acknowledged lost": `n1: "a" holds ${found}; it holds "v2" since index 8`,
        linearizable: expect.any(String) as string,
      });
    expect(failures(operations, held(["a", "v1", 5]))).toEqual(lost('"v1" since index 5'));
    expect(failures(operations, held(["a", "v3", 9]))).toEqual(lost('"v3" since index 9'));
    expect(failures(operations, held(["a", "v1", 8]))).toEqual(lost('"v1" since index 8'));
  });

  test("in which a deleted key is back, fails", () => {
    expect(
      failures([put("a", "v1", 5, [0, 1]), remove("a", 6, [2, 3])], held(["a", "v1", 5])),
    ).toHaveProperty(
      "nothing acknowledged lost",
      'n1: "a" holds "v1" since index 5; it was deleted at index 6',
    );
  });

  describe("with writes of unknown outcome", () => {
    const first = put("a", "v1", 5, [2, 3]);
    const lost = (operations: readonly KeyValueOperation[], state: FinalState): boolean =>
      findLostWrites(operations, state).lost.length > 0;

    test.each<[string, readonly KeyValueOperation[], FinalState]>([
      [
        "a delete that was called before it, and may have come later",
        [remove("a", undefined, unknown(0)), first],
        held(),
      ],
      [
        "a delete of just this version",
        [first, remove("a", undefined, unknown(4), { version: 5 })],
        held(),
      ],
      [
        "a delete of what an unknown write left",
        [
          first,
          put("a", "v2", undefined, unknown(4)),
          remove("a", undefined, unknown(6), { version: 7 }),
        ],
        held(),
      ],
      [
        "a write that was called before it",
        [put("a", "v2", undefined, unknown(0)), first],
        held(["a", "v2", 9]),
      ],
      [
        "a write that needs the key to be gone, after a delete",
        [
          first,
          remove("a", undefined, unknown(4)),
          given(put("a", "v2", undefined, unknown(5)), "absent"),
        ],
        held(["a", "v2", 9]),
      ],
    ])("is not called lost when it is explained by %s", (_, operations, state) =>
      expect(lost(operations, state)).toBe(false),
    );

    test.each<[string, readonly KeyValueOperation[], FinalState]>([
      [
        "a delete of an older version",
        [put("a", "v0", 4, [0, 1]), remove("a", undefined, unknown(1), { version: 4 }), first],
        held(),
      ],
      [
        "a delete of a version that no write can have",
        [first, remove("a", undefined, unknown(4), { version: 7 })],
        held(),
      ],
      ["a delete where nothing is", [first, remove("a", undefined, unknown(4), "absent")], held()],
      [
        "a delete that was called after the nodes had been read",
        [first, remove("a", undefined, unknown(2000))],
        held(),
      ],
      [
        "a write that was called after the nodes had been read",
        [first, put("a", "v2", undefined, unknown(2000))],
        held(["a", "v2", 9]),
      ],
      [
        "a write that needs the key to be gone",
        [first, given(put("a", "v2", undefined, unknown(4)), "absent")],
        held(["a", "v2", 9]),
      ],
      [
        "a write with an index from before",
        [first, put("a", "v2", undefined, unknown(0))],
        held(["a", "v2", 4]),
      ],
      ["a delete of another key", [first, remove("b", undefined, unknown(4))], held()],
    ])("is lost if all there is is %s", (_, operations, state) =>
      expect(lost(operations, state)).toBe(true),
    );
  });

  test("in which nodes differ, fails, and says where", () => {
    const {
      nodes: [first, second],
    } = held(["a", "v1", 5]);
    if (first === undefined || second === undefined) throw new Error("unreachable");
    const operations = [put("a", "v1", 5, [0, 1])];
    expect(failures(operations, { nodes: [first, { ...second, entries: [] }] })).toMatchObject({
      "all nodes equal": '"a": n1 has "v1" since index 5, n2 nothing',
      "nothing acknowledged lost": 'n2: "a" is gone; it holds "v1" since index 5',
    });
    expect(
      failures(operations, {
        nodes: [
          first,
          { ...second, entries: [...second.entries, { key: "x", value: "y", index: 2 }] },
        ],
      }),
    ).toEqual({ "all nodes equal": '"x": n1 has nothing, n2 "y" since index 2' });
    expect(failures(operations, { nodes: [] })).toMatchObject({
      "all nodes equal": "no node's contents are known",
    });
  });

  test("in which a read is stale, fails by its key alone", () => {
    const read: KeyValueOperation = {
      client: "r",
      invoked: 4,
      completed: 5,
      input: { op: "get", key: "a" },
      output: { value: "v1", version: 5 },
    };
    expect(
      Object.keys(
        failures(
          [put("a", "v1", 5, [0, 1]), put("a", "v2", 8, [2, 3]), read],
          held(["a", "v2", 8]),
        ),
      ),
    ).toEqual(["linearizable"]);
  });
});

describe("the order of the log", () => {
  test("must follow real time over all keys, which no key by itself shows", () => {
    expect(
      failures(
        [put("a", "v1", 9, [0, 1]), put("b", "v2", 5, [2, 3])],
        held(["a", "v1", 9], ["b", "v2", 5]),
      ),
    ).toEqual({
      "one log order": expect.stringMatching(
        /^put of "b" by c\d+ at 2.0 ms \(index 5\) began after put of "a" by c\d+ at 0.0 ms \(index 9\) was acknowledged, and has a lower index$/,
      ) as string,
    });
    expect(
      failures(
        [put("a", "v1", 9, [0, 2.5]), put("b", "v2", 5, [2, 3])],
        held(["a", "v1", 9], ["b", "v2", 5]),
      ),
    ).toEqual({});
  });

  test("has one place for each write", () => {
    expect(
      failures(
        [put("a", "v1", 9, [0, 5]), put("b", "v2", 9, [0, 5])],
        held(["a", "v1", 9], ["b", "v2", 9]),
      ),
    ).toEqual({ "one log order": expect.stringMatching(/^two writes have index 9/) as string });
  });
});
