export { createMemoryLog } from "./memory-log.js";
export type { MemoryLogOptions } from "./memory-log.js";
export { createMemorySnapshots } from "./memory-snapshots.js";
