// The suites by the names under which the command line knows them.
import { codecSuite } from "./codec/suite.js";
import { machineSuite } from "./machine/suite.js";
import { logStorageSuite } from "./storage/log-suite.js";
import { snapshotStorageSuite } from "./storage/snapshot-suite.js";
import type { Suite } from "./suite.js";
import { transportSuite } from "./transport/suite.js";

/** Each is for targets of its own: what a suite's subject is, its own documentation says. */
export const suites: { readonly [name: string]: Suite<unknown> } = {
  codec: codecSuite as Suite<unknown>,
  "state-machine": machineSuite as Suite<unknown>,
  "log-storage": logStorageSuite as Suite<unknown>,
  "snapshot-storage": snapshotStorageSuite as Suite<unknown>,
  transport: transportSuite as Suite<unknown>,
};
