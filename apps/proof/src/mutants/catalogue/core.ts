// Faults in @raftkit/core, as a colleague would make them who wants nobody to notice.
import { calls } from "./core-calls.js";
import { elections } from "./core-elections.js";
import { encoding } from "./core-encoding.js";
import { jointPhase } from "./core-joint-phase.js";
import { membership } from "./core-membership.js";
import { rejoin } from "./core-rejoin.js";
import { replication } from "./core-replication.js";
import { snapshots } from "./core-snapshots.js";
import { strangers } from "./core-strangers.js";
import { transfer } from "./core-transfer.js";
import { transports } from "./core-transports.js";
import type { Mutant } from "../mutant.js";

export const core: readonly Mutant[] = [
  ...replication,
  ...elections,
  ...calls,
  ...encoding,
  ...snapshots,
  ...transfer,
  ...membership,
  ...jointPhase,
  ...strangers,
  ...rejoin,
  ...transports,
];
