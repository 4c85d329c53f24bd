// The suite for log storages is proven: each wrong log fails first in the case that names its
// mistake.
import { logStorageSuite } from "../../src/storage/log-suite.js";
import { proveSuite } from "../support/caught.js";
import { wrongLogs } from "../wrong/logs.js";
import { wrongLargeLogs } from "../wrong/large-logs.js";
import { wrongLogsOnBadDisks } from "../wrong/logs-on-bad-disks.js";

proveSuite(logStorageSuite, [...wrongLogs, ...wrongLogsOnBadDisks, ...wrongLargeLogs]);
