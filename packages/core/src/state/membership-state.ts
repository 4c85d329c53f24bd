// The configurations that the log holds.
import type { Configuration, Index } from "../types.js";

export interface Membership {
  /** Undefined until the cluster is bootstrapped. */
  current: Configuration | undefined;
  /** Every configuration in the log, in order: what to go back to when entries are cut. */
  readonly history: { readonly index: Index; readonly configuration: Configuration }[];
}
