// Each wrong log is caught by the case that names the reason, and by none before it.
import { logStorageSuite } from "@raftkit/conformance";
import { expect, test } from "vitest";
import { toyLogTarget } from "./log-targets.js";
import { verdict } from "./wrong.js";
import { wrongLogs } from "./wrong-logs.js";
import { wrongLogsOnBadDisks } from "./wrong-logs-on-bad-disks.js";

test.each([...wrongLogs, ...wrongLogsOnBadDisks])("$caughtBy catches the log that $name", async ({ name, caughtBy, make }) => {
  expect(await verdict(logStorageSuite, toyLogTarget(name, make))).toBe(caughtBy);
});
