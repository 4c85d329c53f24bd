export type { Case, CaseResult, Suite, Target } from "./suite.js";
export { CASE_TIMEOUT_MS, createRunner, runSuite } from "./run.js";
export type { RunOptions } from "./run.js";
export { failed, formatReport, formatResult, formatSummary } from "./report.js";
export { capabilitiesOf, validateSuite } from "./validate.js";
export { Unexpected, expectEqual, expectEqualBytes, expectRefusal, expectTrue } from "./expect.js";
export { logStorageSuite } from "./storage/log-suite.js";
export { storageTarget } from "./storage/medium.js";
export type { LogSubject, SnapshotSubject, Step, StepFault, StepFaults, StorageCapability, StorageMedium, StorageSubject, StorageTargetOptions } from "./storage/medium.js";
