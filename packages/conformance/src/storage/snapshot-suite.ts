// The suite for snapshot storages: one list, in the order in which the cases run and build on each
// other.
import type { Suite } from "../suite.js";
import type { SnapshotSubject } from "./medium.js";
import { crashSnapshotCases } from "./snapshot-crashes.js";
import { damagedSnapshotCases } from "./snapshot-damage.js";
import { identitySnapshotCases } from "./snapshot-identity.js";
import { keepingSnapshotCases } from "./snapshot-keeping.js";
import { readerSnapshotCases } from "./snapshot-readers.js";
import { readingSnapshotCases } from "./snapshot-reading.js";

/**
 * What every `SnapshotStorage` must do: `SNAPSHOT-01` onwards. Make a target for it with
 * `storageTarget`.
 */
export const snapshotStorageSuite: Suite<SnapshotSubject> = [
  ...keepingSnapshotCases,
  ...readingSnapshotCases,
  ...crashSnapshotCases,
  ...identitySnapshotCases,
  ...readerSnapshotCases,
  ...damagedSnapshotCases,
];
