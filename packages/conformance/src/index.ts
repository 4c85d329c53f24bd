export type { Case, CaseResult, Suite, Target } from "./suite.js";
