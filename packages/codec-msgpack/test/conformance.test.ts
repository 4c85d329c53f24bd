// The codec against the conformance suite, with msgpackr's native part. Without it:
// conformance-javascript.test.ts.
import { codecSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { isNativeAccelerationEnabled } from "msgpackr";
import { expect, test } from "vitest";
import { createMsgpackCodec } from "../src/index.js";

test("msgpackr's native part is used", () => {
  expect(isNativeAccelerationEnabled).toBe(true);
});

describeSuite("codec-msgpack", codecSuite, {
  name: "createMsgpackCodec",
  capabilities: ["deterministic"],
  create: createMsgpackCodec,
});
