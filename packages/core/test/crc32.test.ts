// Against zlib's: by it two nodes agree that a snapshot is whole.
import { crc32 as crc32OfZlib } from "node:zlib";
import { expect, test } from "vitest";
import fc from "fast-check";
import { crc32 } from "@raftkit/core";

test("it is zlib's, however the bytes are cut", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, at) => {
      const cut = bytes.length === 0 ? 0 : at % bytes.length;
      expect(crc32(bytes)).toBe(crc32OfZlib(bytes));
      expect(crc32(bytes.subarray(cut), crc32(bytes.subarray(0, cut)))).toBe(crc32OfZlib(bytes));
    }),
  );
});
