// What becomes of commands that are proposed together, one by one: drives Proposals and expects of it
// what is right for each command alone.
import { isDeepStrictEqual } from "node:util";
import { NotProposed, OutcomeUnknown } from "raftkit";
import { LeaderGate } from "../../src/leader-gate.js";
import { Proposal } from "../../src/proposal.js";
import { ProposalBatch } from "../../src/proposal-batch.js";
import { Proposals } from "../../src/proposals.js";
import { createVirtualClock } from "./clock.js";

function mustEqual(found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}

interface Command {
  readonly call: Call;
  readonly position: number;
  /** Its latest number at core; 0: it waits, or never had one. */
  seq: number;
  /** Every number that it had. */
  readonly seqs: number[];
  place: { readonly index: number; readonly term: number } | undefined;
  end: string | undefined;
}

interface Call {
  readonly batch: ProposalBatch<string>;
  readonly waits: boolean;
  readonly commands: Command[];
  outcomes: readonly unknown[] | undefined;
  /** It has ended, as it must. */
  checked: boolean;
}

const endOf = (outcome: unknown): string =>
  outcome instanceof NotProposed || outcome instanceof OutcomeUnknown
    ? outcome.reason
    : String(outcome);

export class Model {
  readonly #gate = new LeaderGate(createVirtualClock(), 50, 300, () => {});
  readonly #proposals: Proposals<string>;
  readonly calls: Call[] = [];
  /** By number; core's answer is outstanding. */
  readonly #atCore = new Map<number, Command>();
  #lastIndex = 0;
  #applied = 0;
  #appliedTerm = 1;
  #numbers = 0;

  constructor(windowCommands: number) {
    this.#proposals = new Proposals<string>(Infinity, windowCommands * 260);
    this.#gate.onRole("n1");
  }

  call(size: number, waits: boolean): void {
    const commands: Command[] = [];
    const batch = new ProposalBatch<string>(
      size,
      (outcomes) => {
        mustEqual(call.outcomes, undefined);
        call.outcomes = outcomes;
      },
      (error) => {
        throw error;
      },
    );
    const call: Call = { batch, waits, commands, outcomes: undefined, checked: false };
    for (let position = 0; position < size; position++) {
      const nothing = { seq: 0, seqs: [], place: undefined, end: undefined };
      commands.push({ call, position, ...nothing });
    }
    const id = String.fromCharCode(this.calls.length);
    const data = commands.map(({ position }) =>
      Buffer.from(`${id}${String.fromCharCode(position)}`),
    );
    const proposal = new Proposal<string>(data, batch, waits ? this.#gate : null);
    batch.onSplit(proposal);
    this.calls.push(call);
    this.#proposals.add(proposal);
  }

  take(): void {
    const taken = this.#proposals.take();
    if (!taken) return;
    mustEqual(taken.firstSeq, this.#numbers + 1);
    for (const bytes of taken.commands) {
      const command = this.calls[bytes[0] ?? 0]?.commands[bytes[1] ?? 0];
      if (!command) throw new Error("core got what nobody proposed");
      mustEqual([command.end, command.seq], [undefined, 0]);
      command.seq = ++this.#numbers;
      command.seqs.push(command.seq);
      this.#atCore.set(command.seq, command);
    }
  }

  /** @returns the first `count` numbers without an answer behind `skipped` of them, without a gap */
  #range(skipped: number, count: number): readonly Command[] {
    const all = [...this.#atCore.keys()].sort((a, b) => a - b);
    const first = all[skipped % Math.max(1, all.length)];
    const range: Command[] = [];
    for (let seq = first ?? 0; range.length < count; seq++) {
      const command = this.#atCore.get(seq);
      if (!command) break;
      range.push(command);
    }
    for (const { seq } of range) this.#atCore.delete(seq);
    return range;
  }

  answer(skipped: number, count: number, how: "accept" | "reject" | "giveBack" | "lose"): void {
    const range = this.#range(skipped, count);
    const [first] = range;
    if (!first) return;
    const { seq } = first;
    const why = (): NotProposed =>
      new NotProposed(how === "reject" ? "overloaded" : "noLeader", how);
    if (how === "accept") {
      const firstIndex = Math.max(this.#lastIndex, this.#applied) + 1;
      const term = this.#appliedTerm;
      this.#lastIndex = firstIndex + range.length - 1;
      range.forEach((command, i) => (command.place = { index: firstIndex + i, term }));
      this.#proposals.onAccepted(seq, range.length, firstIndex, term, this.#applied);
    } else if (how === "reject") {
      for (const command of range) command.end ??= "overloaded";
      this.#proposals.onRejected(seq, range.length, why);
    } else if (how === "lose") {
      for (const command of range) command.end ??= "leaderChanged";
      this.#proposals.onUnknown(seq, range.length);
    } else {
      for (const command of [...range].reverse()) this.#giveBack(command, range);
      this.#proposals.onNotTaken(seq, range.length, why);
    }
  }

  /** It waits again, unless a later one of its call may have been proposed. */
  #giveBack(command: Command, range: readonly Command[]): void {
    const { call, position } = command;
    const last = range.findLast((other) => other.call === call)?.position ?? position;
    const isBehind = call.commands.some((other) => other.position > last && other.seq > 0);
    if (call.waits && !isBehind && command.end === undefined) command.seq = 0;
    else command.end ??= "noLeader";
  }

  apply(isCommand: boolean, newTerm: boolean): void {
    const index = ++this.#applied;
    if (newTerm) this.#appliedTerm++;
    for (const command of this.#all()) {
      const { place } = command;
      if (!place || command.end !== undefined) continue;
      const isHere = place.index === index;
      if (isHere && isCommand && place.term === this.#appliedTerm) command.end = `result ${index}`;
      else if (isHere || place.term < this.#appliedTerm) command.end = "superseded";
    }
    if (isCommand) this.#proposals.onApplied(index, this.#appliedTerm, `result ${index}`);
    else this.#proposals.onSkipped(index, this.#appliedTerm);
  }

  restore(entries: number): void {
    this.#applied += entries;
    for (const command of this.#all()) {
      const { place } = command;
      if (place && place.index <= this.#applied) command.end ??= "snapshotInstalled";
    }
    this.#proposals.onRestored(this.#applied, this.#appliedTerm);
  }

  expire(number: number): void {
    const call = this.calls[number % Math.max(1, this.calls.length)];
    if (!call) return;
    for (const command of call.commands) command.end ??= "timeout";
    call.batch.expire();
  }

  #all(): readonly Command[] {
    return this.calls.flatMap(({ commands }) => commands);
  }

  check(): void {
    for (const call of this.calls) {
      if (call.checked) continue;
      const { commands, outcomes } = call;
      call.checked = outcomes !== undefined;
      const ends = commands.map(({ end }) => end);
      mustEqual(outcomes?.map(endOf), ends.includes(undefined) ? undefined : ends);
      // Those that may be in a log got there in their order.
      const numbers = commands.filter(({ end }) => end !== "noLeader").map(({ seq }) => seq);
      const handedOver = numbers.filter((seq) => seq > 0);
      mustEqual(
        handedOver,
        handedOver.toSorted((a, b) => a - b),
      );
    }
  }

  end(): void {
    for (const command of this.#all()) command.end ??= "closing";
    this.#proposals.endAll("closing", "the end");
  }
}
