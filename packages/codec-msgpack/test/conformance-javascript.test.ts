// The codec against the conformance suite where msgpackr's native part is missing. A test file has
// a process of its own; msgpackr looks at the variable once, when it is loaded.
import { codecSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { isNativeAccelerationEnabled } from "msgpackr";
import { expect, test, vi } from "vitest";
import { createMsgpackCodec } from "../src/index.js";

vi.hoisted(() => {
  process.env["MSGPACKR_NATIVE_ACCELERATION_DISABLED"] = "true";
});

test("msgpackr's native part is not used", () => {
  expect(isNativeAccelerationEnabled).toBe(false);
});

describeSuite("codec-msgpack in JavaScript alone", codecSuite, {
  name: "createMsgpackCodec",
  capabilities: ["deterministic"],
  create: createMsgpackCodec,
});
