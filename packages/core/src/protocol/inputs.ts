// What the state machine is told. Types only.
import type { Index, NodeId, Sender } from "../types.js";
import type { Message } from "./messages.js";

export type Input =
  /** The deadline has come, or a turn ends. Early ticks change nothing. */
  | { readonly type: "tick" }
  | { readonly type: "receive"; readonly from: Sender; readonly message: Message }
  /** Commands numbered from `firstSeq` on; within one run of a node each number is used once. */
  | {
      readonly type: "propose";
      readonly firstSeq: number;
      readonly commands: readonly Uint8Array[];
    }
  | { readonly type: "read"; readonly id: number }
  /** This persist and all before it are durable. */
  | { readonly type: "persisted"; readonly seq: number }
  | { readonly type: "applied"; readonly index: Index }
  /** The state machine's hash once `index` was applied; every node hashes at the same indexes. */
  | { readonly type: "hashed"; readonly index: Index; readonly hash: string }
  /** What was sent to this peer may be lost. */
  | { readonly type: "unreachable"; readonly peer: NodeId }
  /** The forward with this `firstSeq` was certainly not sent. */
  | { readonly type: "forwardNotSent"; readonly firstSeq: number };
