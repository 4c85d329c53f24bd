export type { Case, CaseResult, Suite, Target } from "./suite.js";
export { runSuite, type RunOptions } from "./run.js";
export { countResults, describeCounts, describeResult, describeResults, type Counts } from "./report.js";
export { validateSuite } from "./validate.js";
