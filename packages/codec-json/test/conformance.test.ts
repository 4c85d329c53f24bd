// The codec against the conformance suite.
import { codecSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createJsonCodec } from "../src/index.js";

describeSuite("codec-json", codecSuite, {
  name: "createJsonCodec",
  capabilities: ["deterministic"],
  create: createJsonCodec,
});
