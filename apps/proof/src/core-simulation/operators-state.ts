// What operators have asked nodes for, as plain data: changes of the members, and transfers. Each
// question ends once.
import type { Effect, Index, NodeId, Term } from "@raftkit/core";
import type { ChangeCase } from "../plans/coverage.js";
import type { Member, World } from "./world.js";
import { broken } from "./world.js";

type EffectOf<Type extends Effect["type"]> = Extract<Effect, { readonly type: Type }>;

export type Verdict =
  | EffectOf<"membershipVerdict">["verdict"]
  | EffectOf<"transferred" | "transferRejected">;

/** Until then a leader may count on a node whose disk was lost. ms */
const MISSED_MS = 1_000;

interface Question {
  readonly member: Member;
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

/** When everybody knows of the disk that was lost last. */
export function missedBy({ operators: { wipedAt } }: World): number {
  return wipedAt + MISSED_MS;
}

/** @returns the number under which the node is asked */
export function takeQuestion(
  { operators: { questions } }: World,
  member: Member,
  onEnd: Question["onEnd"],
): number {
  const id = questions.size + 1;
  questions.set(id, { member, run: member.run, isAnswered: false, isOver: false, onEnd });
  return id;
}

export function endQuestion(world: World, id: number, verdict: Verdict | undefined): void {
  const question = world.operators.questions.get(id);
  if (!question || question.isOver) return;
  question.isOver = true;
  question.onEnd(verdict);
}

export function noteVerdict(world: World, member: Member, id: number, verdict: Verdict): void {
  const question = world.operators.questions.get(id);
  if (!question || question.member !== member || question.run !== member.run) {
    broken(world, "operators", `${member.id} answers ${id}, which it wasn't asked in this run`);
  } else if (question.isAnswered) {
    broken(world, "operators", `${member.id} answers ${id} a second time: ${verdict.type}`);
  } else if (verdict.type === "transferred") {
    const leader = world.operators.leaders.get(verdict.term);
    if (leader !== verdict.leaderId) {
      broken(
        world,
        "operators",
        `${member.id} says that ${verdict.leaderId} leads term ${verdict.term}, which ${leader ?? "nobody"} was elected in`,
      );
    }
  }
  if (question) question.isAnswered = true;
  endQuestion(world, id, verdict);
}

/** A node's run is over: it answers nothing any more. */
export function onOperatedStopped(world: World, member: Member): void {
  for (const [id, question] of world.operators.questions) {
    if (question.member === member) endQuestion(world, id, undefined);
  }
}
