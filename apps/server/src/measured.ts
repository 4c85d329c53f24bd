// Measures parts of the node from outside: how long a write of the log takes to be durable, and an
// apply to be done.
import type { LogStorage } from "@raftkit/core";
import type { Kv } from "@raftkit/kv";

type Took = (seconds: number) => void;

export function measuredLog(log: LogStorage, took: Took): LogStorage {
  return {
    open: (identity) => log.open(identity),
    async write(operations) {
      const began = performance.now();
      await log.write(operations);
      took((performance.now() - began) / 1000);
    },
    close: () => log.close(),
  };
}

/** Its `apply` is synchronous: when it returned, it is done. */
export function measuredKv(kv: Kv, took: Took): Kv {
  return {
    ...kv,
    apply(command, context) {
      const began = performance.now();
      const result = kv.apply(command, context);
      took((performance.now() - began) / 1000);
      return result;
    },
  };
}
