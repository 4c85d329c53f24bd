// How calls end, and what their ends must keep to: each call ends once, an answer is newer than all
// that were given before its call began, and what was refused never takes effect.
import type { Index, Term } from "@raftkit/core";
import type { KeyValueInput, KeyValueOutput } from "@raftkit/linearizability";
import { createRefusals } from "./refusals.js";
import type { Ends, Member, World } from "./world.js";

/** One question to one node, and what became of it. */
export interface Call {
  readonly client: string;
  readonly invoked: number;
  completed: number;
  readonly input: KeyValueInput;
  output?: KeyValueOutput;
  readonly key: number;
  readonly isRead: boolean;
  /** What was answered before it began reached up to here. */
  readonly floor: Index;
  end: Ends | undefined;
  onEnd(end: Ends): void;
  /** Where its entry stands, once that is known. */
  index: Index;
  term: Term;
}

/** Whom the ends of calls are told. */
export interface AnswersHost {
  world(): World;
  broken(check: string, message: string): void;
}

export interface Answers {
  readonly counts: { answered: number; refused: number; unknown: number };
  /** Up to where reaches what was answered so far. */
  readonly floor: Index;
  /** The next moment of the history, where only their order counts. */
  nextMoment(): number;
  finish(call: Call, end: Ends, output?: KeyValueOutput): void;
  /** Its entry's place was applied on the node that was asked. */
  settle(member: Member, call: Call, index: Index, term: Term): void;
  answerRead(member: Member, call: Call): void;
  /** @param value what the command would write that a node applied just now */
  onApplied(member: Member, value: number): void;
}

export function createAnswers(host: AnswersHost): Answers {
  const counts = { answered: 0, refused: 0, unknown: 0 };
  let moment = 0;
  let floor: Index = 0;
  const refusals = createRefusals((message) => host.broken("refused", message));

  function finish(call: Call, end: Ends, output?: KeyValueOutput): void {
    if (call.end !== undefined) return;
    // A read that wasn't answered changed nothing: nothing is known of it, and nothing needs to be.
    call.end = end === "unknown" && call.isRead ? "refused" : end;
    counts[call.end]++;
    if (call.end === "refused" && call.input.op === "put" && typeof call.input.value === "number") {
      refusals.onRefused(call.client, call.input.value);
    }
    if (call.end === "answered") {
      call.completed = ++moment;
      if (output !== undefined) call.output = output;
    }
    const world = host.world();
    world.trace.mix(10, call.key, call.end.length, call.index);
    if (world.trace.isFull) {
      world.trace.line(
        world.now,
        `${call.client} ${call.input.op} ${call.input.key}: ${end} ${JSON.stringify(output) ?? ""}`,
      );
    }
    call.onEnd(call.end);
  }

  function answer(call: Call, index: Index, output: KeyValueOutput): void {
    if (call.end !== undefined) return;
    if (index < call.floor || (!call.isRead && index === call.floor)) {
      host.broken(
        "real-time",
        `${call.client} was answered as of index ${index}, but before it asked, ${call.floor} had been answered`,
      );
    }
    floor = Math.max(floor, index);
    finish(call, "answered", output);
  }

  function settle(member: Member, call: Call, index: Index, term: Term): void {
    if (term !== call.term) {
      finish(call, "refused");
      return;
    }
    const { machine } = member;
    if (machine.tookEffect[index] === true) answer(call, index, { ok: true, version: index });
    else answer(call, index, { ok: false });
  }

  function answerRead(member: Member, call: Call): void {
    const { values, versions } = member.machine;
    const found = values[call.key] ?? 0;
    answer(
      call,
      member.lastApplied,
      found === 0 ? null : { value: found, version: versions[call.key] ?? 0 },
    );
  }

  return {
    counts,
    get floor() {
      return floor;
    },
    nextMoment: () => ++moment,
    finish,
    settle,
    answerRead,
    onApplied: (member, value) => refusals.onApplied(member.id, value),
  };
}
