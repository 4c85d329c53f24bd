// Faults in @raftkit/core, as a colleague would make them who wants nobody to notice.
import { calls } from "./core-calls.mjs";
import { elections } from "./core-elections.mjs";
import { encoding } from "./core-encoding.mjs";
import { replication } from "./core-replication.mjs";

/** @type {readonly import("./list.mjs").Mutant[]} */
export const core = [...replication, ...elections, ...calls, ...encoding];
