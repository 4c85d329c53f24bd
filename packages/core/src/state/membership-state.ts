// The configurations in the log, and what this node was told about its own membership.
import type { Configuration, Index } from "../types.js";

export interface Membership {
  /** Undefined until the cluster is bootstrapped. */
  current: Configuration | undefined;
  /** Every configuration in the log, in order: what to go back to when entries are cut. */
  readonly history: { readonly index: Index; readonly configuration: Configuration }[];
  /**
   * A member said that the configuration committed at this index doesn't name this node: it doesn't
   * campaign until a leader brings one that does. 0: nobody said so.
   */
  removedAt: Index;
}
