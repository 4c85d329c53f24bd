// The hash of an item: nodes of different versions compare theirs, so it never changes.
import { expect, test } from "vitest";
import { hashItem } from "../src/hash.js";
import { viewOf } from "../src/values.js";

const bytes = Uint8Array.from({ length: 2100 }, (_, i) => (i * 37 + (i >> 3)) & 255);

test.each([
  { start: 0, length: 511, hash: 1047836075 },
  { start: 0, length: 512, hash: 711373473 },
  { start: 3, length: 515, hash: 516710338 },
  { start: 1, length: 2048, hash: 90793018 },
  { start: 0, length: 2099, hash: -1412799855 },
])("$length bytes from $start on have the hash that they always had", (item) => {
  expect(hashItem("key", viewOf(bytes), item.start, item.length, 7)).toBe(item.hash);
});

test("a value has the same hash wherever its bytes lie", () => {
  for (const length of [0, 1, 100, 511, 512, 513, 1023]) {
    const alone = bytes.slice(5, 5 + length);
    const within = new Uint8Array(bytes.buffer, 5, length);
    const hash = hashItem("key", viewOf(alone), 0, length, 1);
    expect(hashItem("key", viewOf(bytes), 5, length, 1)).toBe(hash);
    expect(hashItem("key", viewOf(within), 0, length, 1)).toBe(hash);
  }
});
