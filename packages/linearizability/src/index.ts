export type { CheckOptions, Model, Operation, Verdict } from "./types.js";
