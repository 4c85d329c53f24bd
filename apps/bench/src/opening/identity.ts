// Whose log the benchmark writes, and opens again.
import type { StorageIdentity } from "@raftkit/core";

export const IDENTITY: StorageIdentity = { clusterId: "bench", nodeId: "n1", codec: "json" };
