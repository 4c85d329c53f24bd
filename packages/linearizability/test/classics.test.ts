// Histories that everybody who checks histories must judge right, by name. Lines are: client,
// invoked, completed (? for unknown), call, answer.
import { expect, test } from "vitest";
import { checkHistory, explain, HistoryError, keyValue, register } from "@raftkit/linearizability";
import type {
  KeyValueInput,
  KeyValueOutput,
  Operation,
  RegisterInput,
  RegisterOutput,
} from "@raftkit/linearizability";

type Register = Operation<RegisterInput, RegisterOutput>;
type Kv = Operation<KeyValueInput, KeyValueOutput>;

let clients = 0;
const write = (value: number, invoked: number, completed: number): Register => ({
  client: `w${clients++}`,
  invoked,
  completed,
  input: { op: "write", value },
  output: true,
});
const read = (output: number | null, invoked: number, completed: number): Register => ({
  client: `r${clients++}`,
  invoked,
  completed,
  input: { op: "read" },
  output,
});
const cas = (
  expected: number,
  value: number,
  output: boolean,
  invoked: number,
  completed: number,
): Register => ({
  client: `c${clients++}`,
  invoked,
  completed,
  input: { op: "cas", expected, value },
  output,
});
const put = (
  value: string,
  output: KeyValueOutput,
  invoked: number,
  completed: number,
  expected?: Extract<KeyValueInput, { op: "put" }>["expected"],
): Kv => ({
  client: `p${clients++}`,
  invoked,
  completed,
  input: { op: "put", key: "k", value, ...(expected !== undefined && { expected }) },
  output,
});
const get = (output: KeyValueOutput, invoked: number, completed: number): Kv => ({
  client: `g${clients++}`,
  invoked,
  completed,
  input: { op: "get", key: "k" },
  output,
});

test.each<[string, "ok" | "violation", Register[]]>([
  ["nothing", "ok", []],
  ["a stale read", "violation", [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)]],
  [
    "an old value read while the new one is being written",
    "ok",
    [write(1, 0, 1), write(2, 2, 6), read(1, 4, 5)],
  ],
  ["a lost write", "violation", [write(1, 0, 1), read(null, 2, 3)]],
  ["a value that nobody wrote", "violation", [write(1, 0, 1), read(2, 2, 3)]],
  ["a value read before it was written", "violation", [read(1, 0, 1), write(1, 2, 3)]],
  [
    "both of two compare-and-sets winning",
    "violation",
    [write(0, 0, 1), cas(0, 1, true, 2, 5), cas(0, 2, true, 3, 6)],
  ],
  [
    "one of two compare-and-sets winning",
    "ok",
    [write(0, 0, 1), cas(0, 1, true, 2, 5), cas(0, 2, false, 3, 6)],
  ],
  ["both losing", "violation", [write(0, 0, 1), cas(0, 1, false, 2, 5), cas(0, 2, false, 3, 6)]],
  [
    "an unknown write that shows up late",
    "ok",
    [write(1, 0, 1), write(2, 2, Infinity), read(1, 50, 51), read(2, 90, 91)],
  ],
  [
    "an unknown write that never shows up",
    "ok",
    [write(1, 0, 1), write(2, 2, Infinity), read(1, 50, 51)],
  ],
  [
    "an unknown write seen twice, with another between",
    "violation",
    [write(2, 0, Infinity), read(2, 1, 2), write(1, 3, 4), read(1, 5, 6), read(2, 7, 8)],
  ],
  [
    "an unknown write that un-happens",
    "violation",
    [write(1, 0, 1), write(2, 2, Infinity), read(2, 3, 4), read(1, 5, 6)],
  ],
  [
    "an unknown write seen before it was called",
    "violation",
    [read(2, 0, 1), write(2, 2, Infinity)],
  ],
  [
    "two reads that see two writes in opposite orders",
    "violation",
    [write(1, 0, 20), write(2, 0, 20), read(1, 1, 2), read(2, 3, 4), read(1, 5, 6)],
  ],
  [
    "a read that overlaps both writes",
    "ok",
    [write(1, 0, 10), write(2, 0, 10), read(2, 1, 2), read(1, 3, 4)],
  ],
  ["what touches in time overlaps", "ok", [write(1, 0, 5), read(null, 5, 6)]],
])("register: %s is %s", (_, kind, history) => {
  expect(checkHistory(history, register).kind).toBe(kind);
  expect(
    checkHistory([...history].reverse(), register).kind,
    "the list's order doesn't matter",
  ).toBe(kind);
});

test("a client's own calls are in order even where they touch", () => {
  expect(
    checkHistory(
      [
        { ...write(1, 0, 5), client: "me" },
        { ...read(null, 5, 6), client: "me" },
      ],
      register,
    ).kind,
  ).toBe("violation");
});

test.each<[string, "ok" | "violation", Kv[]]>([
  [
    "a version that is read",
    "ok",
    [
      put("a", { ok: true, version: 3, existed: false }, 0, 1),
      get({ value: "a", version: 3 }, 2, 3),
    ],
  ],
  [
    "the right value with another version",
    "violation",
    [put("a", { ok: true, version: 3 }, 0, 1), get({ value: "a", version: 4 }, 2, 3)],
  ],
  [
    "a later write with an older version",
    "violation",
    [put("a", { ok: true, version: 3 }, 0, 1), put("b", { ok: true, version: 2 }, 2, 3)],
  ],
  [
    "two writes with one version",
    "violation",
    [put("a", { ok: true, version: 3 }, 0, 9), put("b", { ok: true, version: 3 }, 0, 9)],
  ],
  [
    "an unknown write's version, learnt from a read, and used",
    "ok",
    [
      put("a", null, 0, Infinity),
      get({ value: "a", version: 7 }, 1, 2),
      put("b", { ok: true, version: 9 }, 3, 4, { version: 7 }),
    ],
  ],
  [
    "an unknown write that has two versions",
    "violation",
    [
      put("a", null, 0, Infinity),
      get({ value: "a", version: 7 }, 1, 2),
      get({ value: "a", version: 8 }, 3, 4),
    ],
  ],
  [
    "If-Match of an older version succeeding",
    "violation",
    [
      put("a", { ok: true, version: 3 }, 0, 1),
      put("b", { ok: true, version: 4 }, 2, 3),
      put("c", { ok: true, version: 5 }, 4, 5, { version: 3 }),
    ],
  ],
  [
    "If-Match refused although it is that version",
    "violation",
    [put("a", { ok: true, version: 3 }, 0, 1), put("b", { ok: false }, 2, 3, { version: 3 })],
  ],
  [
    "If-Match refused, naming what is there",
    "ok",
    [
      put("a", { ok: true, version: 3 }, 0, 1),
      put("b", { ok: false, version: 3 }, 2, 3, { version: 1 }),
    ],
  ],
  [
    "If-None-Match winning twice",
    "violation",
    [put("a", { ok: true }, 0, 9, "absent"), put("b", { ok: true }, 0, 9, "absent")],
  ],
  [
    "created twice",
    "violation",
    [put("a", { ok: true, existed: false }, 0, 9), put("b", { ok: true, existed: false }, 0, 9)],
  ],
  [
    "the version alone, as a 304 tells it",
    "ok",
    [put("a", { ok: true, version: 3 }, 0, 1), get({ version: 3 }, 2, 3)],
  ],
])("keyValue: %s is %s", (_, kind, history) => {
  expect(checkHistory(history, keyValue).kind).toBe(kind);
});

test("keys are checked apart, and the one that fails is named", () => {
  const history: Kv[] = [
    put("a", { ok: true }, 0, 1),
    {
      client: "x",
      invoked: 0,
      completed: 1,
      input: { op: "get", key: "other" },
      output: { value: "a" },
    },
  ];
  expect(checkHistory(history, keyValue)).toMatchObject({
    kind: "violation",
    part: "other",
    operations: 1,
    smallest: [history[1]],
    related: [],
  });
});

test("a violation names what contradicts each other, not what happens to be there", () => {
  const noise = Array.from({ length: 300 }, (__, i) => [
    write(1000 + i, i * 10, i * 10 + 1),
    read(1000 + i, i * 10 + 2, i * 10 + 3),
  ]).flat();
  const [first, second, stale] = [write(1, 5000, 5001), write(2, 5002, 5003), read(1, 5004, 5005)];
  const verdict = checkHistory([...noise, first, second, stale], register);
  expect(verdict).toMatchObject({
    kind: "violation",
    operations: 603,
    smallest: [second, stale],
    related: [first],
  });
});

test("the report of a violation, to the letter", () => {
  const history: Register[] = [
    { client: "a", invoked: 0, completed: 10, input: { op: "write", value: 1 }, output: true },
    {
      client: "bob",
      invoked: 12,
      completed: 20,
      input: { op: "cas", expected: 1, value: 2 },
      output: true,
    },
    {
      client: "a",
      invoked: 15,
      completed: 30,
      input: { op: "cas", expected: 1, value: 3 },
      output: true,
    },
    { client: "c", invoked: 5, completed: Infinity, input: { op: "write", value: 4 } },
  ];
  expect(explain(checkHistory(history, register), register))
    .toBe(`not linearizable: no order explains these 2 of 4 operations

  bob          [=======]          cas 1 to 2 -> true  (12..20)
  a                [=======]      cas 1 to 3 -> true  (15..30)

Nor does it help to add these, each of which could give one of the answers:

  a    [===]                      write 1 -> ok  (0..10)`);
});

test("one is not called many", () => {
  const alone = [read(1, 0, 1)];
  expect(explain(checkHistory(alone, register), register)).toMatch(
    /^not linearizable: no order explains this 1 of 1 operation\n/,
  );
  expect(explain({ kind: "ok", operations: 1 }, register)).toBe("linearizable: 1 operation");
  expect(explain({ kind: "undecided", part: "", steps: 1 }, register)).toContain("after 1 step;");
});

test("a long report shows the end, and says how much it leaves out", () => {
  const smallest = Array.from({ length: 45 }, (__, i) => write(i, i, i + 1));
  const lines = explain(
    { kind: "violation", part: "k", operations: 99, smallest, related: [] },
    register,
  ).split("\n");
  expect(lines.slice(0, 4)).toEqual([
    'not linearizable: part "k": no order explains these 45 of 99 operations',
    "",
    "  ... 15 earlier ones",
    expect.stringContaining("write 15 -> ok  (15..16)"),
  ]);
  expect(lines).toHaveLength(33);
});

test("undecided, if the bound comes first; what is decided within it stays decided", () => {
  const writes = Array.from({ length: 30 }, (__, i) => write(i, 0, 100));
  const history = [...writes, read(7, 101, 102), read(8, 103, 104)];
  const verdict = checkHistory(history, register, { maxSteps: 1000 });
  expect(verdict).toMatchObject({ kind: "undecided", part: "" });
  expect(explain(verdict, register)).toMatch(
    /^undecided: .* after 10\d\d steps; a larger limit may decide it \(maxSteps, or --max-steps\)$/,
  );
  expect(checkHistory(writes, register, { maxSteps: 1000 }).kind).toBe("ok");
  expect(() => checkHistory([], register, { maxSteps: 0 })).toThrow(
    new RangeError("maxSteps is 0; it must be a whole number from 1"),
  );
});

test("hundreds of unknown writes that nobody reads cost next to nothing, even in a violation", () => {
  const lost = Array.from({ length: 400 }, (__, i) => write(5000 + i, i, Infinity));
  const good = Array.from({ length: 400 }, (__, i) => [
    write(i, 10 * i, 10 * i + 1),
    read(i, 10 * i + 2, 10 * i + 3),
  ]).flat();
  expect(checkHistory([...lost, ...good], register, { maxSteps: 2000 }).kind).toBe("ok");
  const stale = read(7, 5000, 5001);
  expect(checkHistory([...lost, ...good, stale], register, { maxSteps: 400_000 })).toMatchObject({
    kind: "violation",
  });
});

test("hundreds of equal unknown operations are as one", () => {
  const same = Array.from({ length: 300 }, (__, i) => write(1, i, Infinity));
  const alternating = Array.from({ length: 100 }, (__, i) => [
    write(2, 1000 + 10 * i, 1001 + 10 * i),
    read(1, 1002 + 10 * i, 1003 + 10 * i),
  ]).flat();
  expect(
    checkHistory([...same, ...alternating, read(3, 5000, 5001)], register, { maxSteps: 20_000 })
      .kind,
  ).toBe("violation");
});

test.each<[string, Register, RegExp]>([
  [
    "a start that is no number",
    write(1, Number.NaN, 1),
    /^operation 1 \(client "w\d+"\): "invoked" is NaN/,
  ],
  ["an infinite start", write(1, Infinity, Infinity), /"invoked" is Infinity/],
  ["an end that is no number", write(1, 0, Number.NaN), /"completed" is NaN/],
  ["an end before the start", write(1, 5, 4), /"completed" \(4\) is earlier than "invoked" \(5\)/],
  [
    "a client in two operations",
    { ...write(1, 5, 9), client: "x" },
    /^client "x" calls at 5 during its operation of 0, which is open until 7$/,
  ],
])("%s is refused", (_, operation, message) => {
  const history = [{ ...write(0, 0, 7), client: "x" }, operation];
  expect(() => checkHistory(history, register)).toThrow(HistoryError);
  expect(() => checkHistory(history, register)).toThrow(message);
});

test("a client that goes on after an unknown outcome is refused: its next call might come before it", () => {
  expect(() =>
    checkHistory(
      [
        { ...write(0, 0, Infinity), client: "x" },
        { ...read(0, 5, 6), client: "x" },
      ],
      register,
    ),
  ).toThrow(
    'client "x" calls at 5 during its operation of 0, whose outcome is unknown: continue under another client name',
  );
});
