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

/**
 * What a target for each suite creates, and the members by which that is known: a module that was
 * never type-checked may give anything.
 */
export const subjects: {
  readonly [suite: string]: { readonly what: string; readonly members: readonly string[] };
} = {
  codec: { what: "a Codec", members: ["name", "encode", "decode"] },
  "state-machine": { what: "a MachineSubject", members: ["machine", "command", "queries"] },
  "log-storage": {
    what: "a LogSubject, which storageTarget() makes of a medium",
    members: ["medium", "dispose"],
  },
  "snapshot-storage": {
    what: "a SnapshotSubject, which storageTarget() makes of a medium",
    members: ["medium", "dispose"],
  },
  transport: { what: "a TransportSubject", members: ["address", "transport"] },
};
