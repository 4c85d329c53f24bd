// The ports: everything that Raft needs from the outside world, and nothing else. Adapters
// implement these interfaces, which document the guarantees in both directions; `@raftkit/core`
// itself performs no I/O. The suites of `@raftkit/conformance` test exactly what is documented
// here.
export type * from "./clock.js";
export type * from "./codec.js";
export type * from "./log-storage.js";
export type * from "./random.js";
export type * from "./snapshot-storage.js";
export type * from "./state-machine.js";
export type * from "./transport.js";
