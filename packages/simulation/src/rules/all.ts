// All rule scenarios, in the order of the rules.
import { commands } from "./commands.js";
import { budgets, commitment } from "./commitment.js";
import { elections } from "./elections.js";
import { replication } from "./replication.js";
import type { Scenario } from "./scenario.js";
import { terms } from "./terms.js";

export const scenarios: readonly Scenario[] = [...elections, ...terms, ...replication, ...commitment, ...commands, ...budgets];
