export type { Case, CaseResult, Suite, Target } from "./suite.js";
export { CASE_TIMEOUT_MS, createRunner, runSuite } from "./run.js";
export type { RunOptions } from "./run.js";
export { failed, formatReport, formatResult, formatSummary } from "./report.js";
export { capabilitiesOf, validateSuite } from "./validate.js";
export { Unexpected, expectEqual, expectEqualBytes, expectRefusal, expectTrue } from "./expect.js";
export { logStorageSuite } from "./storage/log-suite.js";
export { snapshotStorageSuite } from "./storage/snapshot-suite.js";
export { storageTarget } from "./storage/medium.js";
export type {
  LogSubject,
  SnapshotSubject,
  Step,
  StepFault,
  StepFaults,
  StorageCapability,
  StorageMedium,
  StorageSubject,
  StorageTargetOptions,
} from "./storage/medium.js";
export { codecSuite } from "./codec/suite.js";
export { machineSuite } from "./machine/suite.js";
export type { Drawn, MachineSubject } from "./machine/subject.js";
export { transportSuite } from "./transport/suite.js";
export { createSocketLinks } from "./transport/socket-links.js";
export type { SocketLinks } from "./transport/socket-links.js";
export type {
  Disturbance,
  Intruder,
  Links,
  TransportCapability,
  TransportSubject,
} from "./transport/subject.js";
