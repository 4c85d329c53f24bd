// All rule scenarios, in the order of the rules.
import { commands } from "./commands.js";
import { budgets, commitment } from "./commitment.js";
import { elections } from "./elections.js";
import { heartbeats } from "./heartbeats.js";
import { replication } from "./replication.js";
import type { Scenario } from "./scenario.js";
import { snapshots } from "./snapshots.js";
import { survival } from "./survival.js";
import { terms } from "./terms.js";
import { votes } from "./votes.js";

export const scenarios: readonly Scenario[] = [
  ...elections,
  ...votes,
  ...terms,
  ...heartbeats,
  ...replication,
  ...commitment,
  ...commands,
  ...survival,
  ...snapshots,
  ...budgets,
];
