// raftkit's core, as `parts` drives it.
import { CoreCluster } from "../parts/core-cluster.js";
import { BATCHES } from "./library.js";
import type { Library } from "./library.js";

export const raftkitCore: Library = {
  name: "@raftkit/core",
  batches: BATCHES,
  async start() {
    const cluster = new CoreCluster(3);
    return { commit: async (commands) => cluster.commit(commands), close() {} };
  },
};
