// The suite for state machines, in the order in which it is best read.
import type { Suite } from "../suite.js";
import { captureCases } from "./captures.js";
import { determinismCases } from "./determinism.js";
import { elsewhereCases } from "./elsewhere.js";
import { positionCases } from "./restoring.js";
import { snapshotCases } from "./snapshots.js";
import type { MachineSubject } from "./subject.js";

/**
 * What a `StateMachine` promises (`@raftkit/core`, ports). Capabilities: `snapshots`, it has `snapshot` and
 * `restore`; `checked`, a cut snapshot is refused; `atomicRestore`, a restore that rejects leaves the state as it was; `stableSnapshot`,
 * the same state gives the same bytes; `durable`, with `open` and the subject's `reopen`; `versioned`, a snapshot
 * of another version is refused, with the subject's `otherVersion`.
 */
export const machineSuite: Suite<MachineSubject> = [
  ...determinismCases,
  ...snapshotCases,
  ...elsewhereCases,
  ...positionCases,
  ...captureCases,
];
