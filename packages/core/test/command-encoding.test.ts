import { expect, test } from "vitest";
import { commandEncoding, isValidCommandEncoding } from "@raftkit/core";

test("is the codec's name, with the state machine's behind it if it has one", () => {
  expect(commandEncoding({ name: "json" }, {})).toBe("json");
  expect(commandEncoding({ name: "json" }, { commandFormat: "kv-1" })).toBe("json+kv-1");
  expect(commandEncoding({ name: "json" }, { commandFormat: "sessions-1+kv-1" })).toBe(
    "json+sessions-1+kv-1",
  );
});

test("tells every two formats, and none from any, apart", () => {
  const formats = [undefined, "a", "b", "a+b", "b+a", "a-b"];
  const names = formats.map((commandFormat) => commandEncoding({ name: "x" }, { commandFormat }));
  expect(new Set(names).size).toBe(formats.length);
});

test.each([
  ["json", true],
  ["a".repeat(32), true],
  ["json+sessions-1+sessions-2+kv-1", true],
  ["", false],
  ["a".repeat(33), false],
  ["json+", false],
  ["+kv-1", false],
  ["json++kv-1", false],
  ["json+KV", false],
  ["json kv", false],
  ["json\n", false],
  ["a+b+c+d+e", false],
])("%j may be one: %s", (name, valid) => {
  expect(isValidCommandEncoding(name)).toBe(valid);
});
