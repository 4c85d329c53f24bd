// What users need to simulate their own clusters: the cluster, its parts, and the journal as a
// first state machine.
export { createRandom, type SeededRandom } from "./random.js";
export { createVirtualTime, type VirtualTime } from "./clock.js";
export type { VirtualProcess } from "./virtual-process.js";
export type { Packet, PacketEvent } from "./carrier.js";
export { describeMessage } from "./frames.js";
export { soundLink, type LinkSettings } from "./links.js";
export {
  createVirtualNetwork,
  type NetworkOptions,
  type Verdict,
  type VirtualNetwork,
} from "./network.js";
export { createVirtualDisk, type DiskSettings, type VirtualDisk } from "./disk.js";
export { createTrace, fingerprint, type Trace } from "./trace.js";
export { SimulationFailed } from "./driver.js";
export type { ClusterOptions } from "./cluster-options.js";
export { createCluster, type Cluster } from "./cluster.js";
export { createJournal, type Journal, type JournalEntry } from "./journal-machine.js";
