export { createMemoryNetwork } from "./network.js";
export type { MemoryNetwork, MemoryNetworkOptions } from "./network.js";
