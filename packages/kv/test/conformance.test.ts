// The key-value state machine against the conformance suite.
import type { Random } from "@raftkit/core";
import { machineSuite } from "@raftkit/conformance";
import { describeSuite } from "@raftkit/conformance/vitest";
import { batchCommand, BatchWriter, createKv, deleteCommand, putCommand } from "../src/index.js";
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
  if (below(4) === 0) return batch(below);
  return below(4) === 0
    ? deleteCommand(key, condition)
    : putCommand(
        key,
        Uint8Array.from({ length: below(2000) }, () => below(256)),
        condition,
      );
}

function batch(below: (bound: number) => number): KvCommand {
  const writer = new BatchWriter();
  const anyKey = (): Uint8Array => Buffer.from(keys[below(keys.length)] ?? "");
  const condition = ([undefined, "absent", "present"] as const)[below(3)];
  if (below(3) === 0) writer.expect(anyKey(), below(300));
  writer.put(
    anyKey(),
    Uint8Array.from({ length: below(300) }, () => below(256)),
    condition,
  );
  writer.append(anyKey(), Buffer.from(String(below(10))));
  writer.increment(anyKey(), BigInt(below(100) - 50));
  writer.delete(anyKey(), condition);
  writer.get(anyKey());
  writer.size();
  return batchCommand(writer.bytes());
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
