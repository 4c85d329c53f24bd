// Questions of operators to nodes: for changes of the members, and for transfers. Each ends once,
// and what a node says of a transfer is so.
import type { Question, Verdict } from "./operators-state.js";
import type { Member, World } from "./world.js";
import { broken } from "./world.js";

/** Until then a leader may count on a node whose disk was lost. ms */
const MISSED_MS = 1_000;

/** When everybody knows of the disk that was lost last. */
export function missedBy({ operators: { wipedAt } }: World): number {
  return wipedAt + MISSED_MS;
}

/** @returns the number under which the node is asked */
export function takeQuestion(
  { operators: { questions } }: World,
  { incarnation, run }: Member,
  onEnd: Question["onEnd"],
): number {
  const id = questions.size + 1;
  questions.set(id, { incarnation, run, isAnswered: false, isOver: false, onEnd });
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
  if (!question || question.incarnation !== member.incarnation || question.run !== member.run) {
    broken(world, "operators", `${member.id} answers ${id}, which it wasn't asked in this run`);
    return;
  }
  if (question.isAnswered) {
    broken(world, "operators", `${member.id} answers ${id} a second time: ${verdict.type}`);
  }
  if (verdict.type === "transferred") checkTransferred(world, member, verdict);
  question.isAnswered = true;
  endQuestion(world, id, verdict);
}

function checkTransferred(
  world: World,
  member: Member,
  { leaderId, term }: Extract<Verdict, { readonly type: "transferred" }>,
): void {
  const { leaders } = world.operators;
  // Of itself it says so before it says that it leads.
  const { role, currentTerm } = member.raft?.status ?? {};
  const isOwn = leaderId === member.id && role === "leader" && currentTerm === term;
  if (isOwn || leaders.get(term) === leaderId) return;
  broken(
    world,
    "operators",
    `${member.id} says that ${leaderId} leads term ${term}, in which ${leaders.get(term) ?? "nobody"} was elected`,
  );
}

/** A node's run is over: it answers nothing any more. */
export function endQuestions(world: World, { incarnation }: Member): void {
  for (const [id, question] of world.operators.questions) {
    if (question.incarnation === incarnation) endQuestion(world, id, undefined);
  }
}
