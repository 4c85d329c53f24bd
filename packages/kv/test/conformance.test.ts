// The key-value state machine against the conformance suite.
import type { Random } from "@raftkit/core";
import { machineSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { createKv, deleteCommand, putCommand } from "../src/index.js";
import type { Condition, KvCommand } from "../src/index.js";

const keys = Array.from({ length: 200 }, (_, i) => `key-${i}`);

function command(random: Random): KvCommand {
  const below = (bound: number): number => Math.floor(random() * bound);
  const key = keys[below(keys.length)] ?? "";
  const condition = (
    [
      undefined,
      undefined,
      { ifMatch: "*" },
      { ifNoneMatch: "*" },
      { ifMatch: 1 + below(300) },
    ] satisfies (Condition | undefined)[]
  )[below(5)];
  return below(4) === 0
    ? deleteCommand(key, condition)
    : putCommand(
        key,
        Uint8Array.from({ length: below(2000) }, () => below(256)),
        condition,
      );
}

/** The version is the fourth byte. */
function otherVersion(snapshot: Uint8Array): Uint8Array {
  snapshot[3] = 1 + (snapshot[3] ?? 0);
  return snapshot;
}

describeSuite("kv", machineSuite, {
  name: "createKv",
  capabilities: ["snapshots", "checked", "atomicRestore", "stableSnapshot", "versioned"],
  create: () => ({
    machine: createKv,
    otherVersion,
    command,
    queries: [
      { type: "list", limit: 1000 },
      { type: "size" },
      { type: "get", key: "key-7" },
      { type: "list", prefix: "key-1", after: "key-15", limit: 3 },
    ],
  }),
});
