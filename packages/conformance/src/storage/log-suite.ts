// The suite for log storages: one list, in the order in which the cases run and build on each
// other.
import type { Suite } from "../suite.js";
import { accessCases } from "./log-access.js";
import { damageCases } from "./log-damage.js";
import { failureCases, spaceCases } from "./log-failures.js";
import { keepingCases } from "./log-keeping.js";
import { openingCases } from "./log-opening.js";
import { powerCases } from "./log-power.js";
import { numberCases } from "./log-numbers.js";
import { refusalCases } from "./log-refusals.js";
import { removalCases } from "./log-removal.js";
import { runCases } from "./log-runs.js";
import type { LogSubject } from "./medium.js";

/**
 * What every `LogStorage` must do: `STORAGE-01` onwards. Make a target for it with `storageTarget`.
 */
export const logStorageSuite: Suite<LogSubject> = [
  ...openingCases,
  ...keepingCases,
  ...removalCases,
  ...accessCases,
  ...refusalCases,
  ...powerCases,
  ...failureCases,
  ...damageCases,
  ...runCases,
  ...numberCases,
  ...spaceCases,
];
