// Waiting reads: on the leader they wait for a round, on other nodes for the leader's answer.
import type { Index, Sender } from "../types.js";

/** Who wants to know: this node's runtime, or another node. */
interface Reader {
  readonly id: number;
  readonly from: Sender | null;
}

export interface LeaderReads {
  /** Came after the last round began: the next one is theirs. */
  waiting: Reader[];
  readonly asked: {
    readonly round: number;
    readonly readIndex: Index;
    readonly readers: readonly Reader[];
  }[];
}

/** A read of a node that isn't the leader; `byLease`: the leader's lease will do. */
interface RemoteReader {
  readonly id: number;
  readonly byLease: boolean;
}

/** The reads of a node that isn't the leader. */
export interface RemoteReads {
  waiting: RemoteReader[];
  asked: {
    readonly id: number;
    readonly readers: readonly RemoteReader[];
    resendAt: number;
  } | null;
  lastId: number;
}
