export * from "./errors.js";
export type * from "./api.js";
export { createNode } from "./create-node.js";
