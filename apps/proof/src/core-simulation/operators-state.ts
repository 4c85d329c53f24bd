// What operators have asked nodes for, and what they change now, as plain data.
import type { Effect, Index, NodeId, Term } from "@raftkit/core";
import type { ChangeCase } from "../plans/coverage.js";

type EffectOf<Type extends Effect["type"]> = Extract<Effect, { readonly type: Type }>;

export type Verdict =
  | EffectOf<"membershipVerdict">["verdict"]
  | EffectOf<"transferred" | "transferRejected">;

/** To one node, in one of its runs. */
export interface Question {
  readonly incarnation: string;
  readonly run: number;
  /** The node has answered. */
  isAnswered: boolean;
  /** Whoever asked waits no longer. */
  isOver: boolean;
  /** @param verdict undefined: the node ended, or said nothing for too long */
  onEnd(verdict: Verdict | undefined): void;
}

/** A change that a leader began, until the configuration to which it leads is committed. */
export interface WatchedChange {
  readonly kind: ChangeCase;
  readonly index: Index;
  readonly term: Term;
  readonly leader: NodeId;
  isTroubled: boolean;
}

export interface Operators {
  /** By number. */
  readonly questions: Map<number, Question>;
  /** Changes of the members that somebody drives. */
  busy: number;
  /** Nothing that was planned goes on: the world has healed. */
  hasEnded: boolean;
  /** Who was elected, by term. */
  readonly leaders: Map<Term, NodeId>;
  moves: number;
  wipedAt: number;
  change: WatchedChange | undefined;
}

export function createOperators(): Operators {
  return {
    questions: new Map(),
    busy: 0,
    hasEnded: false,
    leaders: new Map(),
    moves: 0,
    wipedAt: -Infinity,
    change: undefined,
  };
}
