// The codec against the conformance suite.
import { codecSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createMsgpackCodec } from "../src/index.js";

describeSuite("codec-msgpack", codecSuite, {
  name: "createMsgpackCodec",
  capabilities: ["deterministic"],
  create: createMsgpackCodec,
});
