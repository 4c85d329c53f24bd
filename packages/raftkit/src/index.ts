export * from "./errors.js";
export type * from "./api.js";
