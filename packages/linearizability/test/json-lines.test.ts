// Histories as text: what is written is what is read, and each mistake is named with its line.
import { expect, test } from "vitest";
import {
  formatOperation,
  HistoryError,
  keyValueFormat,
  parseOperation,
  readHistory,
  registerFormat,
} from "@raftkit/linearizability";
import type { KeyValueInput, KeyValueOutput, Operation } from "@raftkit/linearizability";

const at = { client: "c1", invoked: 1, completed: 2 };
const operations: Operation<KeyValueInput, KeyValueOutput>[] = [
  {
    ...at,
    input: { op: "put", key: "k", value: "é\n" },
    output: { ok: true, version: 4, existed: false },
  },
  {
    ...at,
    input: { op: "put", key: "k", value: null, expected: "absent" },
    output: { ok: false, version: 4 },
  },
  { ...at, input: { op: "delete", key: "k", expected: { version: 4 } }, output: { ok: true } },
  {
    ...at,
    input: { op: "delete", key: "k", expected: { value: 1 } },
    output: { ok: false, version: null },
  },
  { ...at, input: { op: "get", key: "k" }, output: null },
  { ...at, input: { op: "get", key: "k" }, output: { value: false, version: 3 } },
  { ...at, completed: Infinity, input: { op: "put", key: "k", value: 3, expected: "present" } },
];

async function readAll(text: Iterable<string | Uint8Array>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const { line, operation } of readHistory(text, keyValueFormat)) {
    all.push([line, operation]);
  }
  return all;
}

test("what is written is read again, in pieces of any size, over empty lines", async () => {
  const text = operations.map((operation) => `${formatOperation(operation)}\r\n\n`).join("");
  const expected = operations.map((operation, i) => [2 * i + 1, operation]);
  expect(await readAll([text])).toEqual(expected);
  expect(
    await readAll([...new TextEncoder().encode(text)].map((byte) => Uint8Array.of(byte))),
  ).toEqual(expected);
  expect(await readAll([text.trimEnd()])).toEqual(expected);
});

test("the line of a write", () => {
  expect(
    formatOperation({
      client: "c1",
      invoked: 17,
      completed: 21,
      input: { op: "put", key: "k", value: "blue", expected: { version: 3 } },
      output: { ok: true, version: 4 },
    }),
  ).toBe(
    '{"client":"c1","invoked":17,"completed":21,"op":"put","key":"k","value":"blue","expected":{"version":3},"result":{"ok":true,"version":4}}',
  );
  expect(
    formatOperation({
      client: "c1",
      invoked: 17,
      completed: Infinity,
      input: { op: "write", value: 3 },
    }),
  ).toBe('{"client":"c1","invoked":17,"completed":null,"op":"write","value":3}');
});

test.each([
  ["{", "it is not JSON: {"],
  ["[]", "it is []; it must be an object"],
  ['{"invoked":1}', '"client" is missing; it must be a text'],
  ['{"client":"c","invoked":"1"}', '"invoked" is "1"; it must be a number'],
  [
    '{"client":"c","invoked":1,"completed":"2"}',
    '"completed" is "2"; it must be a number, or null for an unknown outcome',
  ],
  ['{"client":"c","invoked":2,"completed":1}', '"completed" (1) is earlier than "invoked" (2)'],
  [
    '{"client":"c","invoked":1,"completed":2,"op":"read"}',
    '"op" is "read"; it must be "get", "put" or "delete"',
  ],
  ['{"client":"c","invoked":1,"completed":2,"op":"get"}', '"key" is missing; it must be a text'],
  [
    '{"client":"c","invoked":1,"completed":2,"op":"get","key":"k"}',
    '"result" is missing; of a get it must be null, or have "value", "version" or both',
  ],
  [
    '{"client":"c","invoked":1,"completed":2,"op":"get","key":"k","result":{"value":1,"etag":2}}',
    '"result" is {"value":1,"etag":2}; of a get it must be null, or have "value", "version" or both',
  ],
  [
    '{"client":"c","invoked":1,"completed":2,"op":"get","key":"k","expected":"absent","result":null}',
    '"expected" is not a field of this op; it may have client, invoked, completed, op, key, result',
  ],
  [
    '{"client":"c","invoked":1,"op":"put","key":"k"}',
    '"value" is missing; it must be a text, a number, true, false or null',
  ],
  [
    '{"client":"c","invoked":1,"op":"put","key":"k","value":1,"expected":{"version":1,"value":2}}',
    '"expected" is {"version":1,"value":2}; it must be "present", "absent", {"version":n} or {"value":v}',
  ],
  [
    '{"client":"c","invoked":1,"completed":2,"op":"put","key":"k","value":1,"result":true}',
    '"result" is true; of a write it must be {"ok":true,"version"?,"existed"?} or {"ok":false,"version"?}',
  ],
])("%s: %s", async (line, message) => {
  expect(() => parseOperation(line, keyValueFormat)).toThrow(new HistoryError(message));
  await expect(readAll(["\n\n", `${line}\n`])).rejects.toThrow(
    new HistoryError(`line 3: ${message}`),
  );
});

test("lines of a register", () => {
  expect(
    parseOperation(
      '{"client":"c","invoked":1,"completed":2,"op":"cas","key":"k","expected":1,"value":2,"result":false}',
      registerFormat,
    ),
  ).toEqual({
    client: "c",
    invoked: 1,
    completed: 2,
    input: { op: "cas", key: "k", expected: 1, value: 2 },
    output: false,
  });
  expect(() =>
    parseOperation(
      '{"client":"c","invoked":1,"completed":2,"op":"cas","expected":1,"value":2}',
      registerFormat,
    ),
  ).toThrow('"result" is missing; of a cas it must be true or false');
  expect(() =>
    parseOperation('{"client":"c","invoked":1,"completed":2,"op":"write"}', registerFormat),
  ).toThrow('"value" is missing');
});

test("what is no text, and a line without end, are refused", async () => {
  await expect(readAll([Uint8Array.of(0xff, 0x0a)])).rejects.toThrow(
    "line 1 or one soon after it is not UTF-8",
  );
  await expect(readAll(["\n", "x".repeat(1_048_577)])).rejects.toThrow(
    "line 2: it has more than 1048576 characters",
  );
});
