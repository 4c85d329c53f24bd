// The suite for log storages, proven from both sides: a right log passes every case.
import { logStorageSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { rightLog, toyLogTarget } from "./log-targets.js";

describeSuite("a right log", logStorageSuite, toyLogTarget("the toy log", rightLog));
