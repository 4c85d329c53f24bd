export * from "./types.js";
export * from "./errors.js";
export * from "./entry.js";
export * from "./configuration.js";
export type * from "./ports.js";
