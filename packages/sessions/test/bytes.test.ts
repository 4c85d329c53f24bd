// Numbers and bytes come back as they were written, wherever the writer's buffer has to grow.
import { expect, test } from "vitest";
import { ByteReader, ByteWriter } from "../src/bytes.js";

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test.each([1016, 1017, 1018, 1019, 1020, 1021, 1022, 1023, 1024])(
  "each kind of number is written behind %i bytes, at the end of the first buffer",
  async (before) => {
    for (const kind of ["uint32", "uint64", "float64"] as const) {
      const writer = new ByteWriter();
      writer.bytes(new Uint8Array(before).fill(7));
      writer[kind](123_456);
      const reader = new ByteReader(once(writer.take()), () => {
        throw new Error("it ends too early");
      });
      await reader.need(before + 8 - (kind === "uint32" ? 4 : 0));
      expect(reader.bytes(before).every((byte) => byte === 7)).toBe(true);
      expect(reader[kind]()).toBe(123_456);
    }
  },
);
