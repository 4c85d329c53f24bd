// Commands of one call that share their fate: all that `propose` was given, or all or a part of what
// `proposeAll` was given. They stand one after another, among core's numbers and in the log.
import type { Index, Term } from "@raftkit/core";
import { PendingCall } from "./pending-call.js";
import type { GivenUp } from "./errors.js";
import { NotProposed, OutcomeUnknown } from "./errors.js";
import type { GateReason, LeaderGate } from "./leader-gate.js";
import { ENTRY_OVERHEAD_BYTES } from "./options.js";

const AWAITED: Readonly<Record<GateReason, string>> = {
  noLeader: "the proposal timed out before a leader was known",
  notSent: "the proposal timed out before the leader could be reached",
  transferring: "the proposal timed out while the leader was transferring its leadership",
};

const NO_COMMANDS: readonly Uint8Array[] = [];

/** Told once of each command how it ended; `position`: among those of the call. */
export interface Caller<Result> {
  succeed(position: number, result: Result, index: Index): void;
  fail(position: number, error: unknown): void;
  /** What came behind in a proposal has become one of its own. */
  onSplit?(tail: Proposal<Result>): void;
  /** Whether what core is certain was not proposed may wait again. Default: yes. */
  mayWaitAgain?(proposal: Proposal<Result>): boolean;
}

/** The caller of a single command. */
export function callerOf<Result>(
  resolve: (result: Result) => void,
  reject: (error: unknown) => void,
  onIndex?: (index: Index) => void,
): Caller<Result> {
  return {
    succeed(_position, result, index) {
      try {
        onIndex?.(index);
      } catch (error) {
        reject(error);
        return;
      }
      resolve(result);
    },
    fail: (_position, error) => reject(error),
  };
}

export class Proposal<Result> extends PendingCall {
  /** Encoded; empty once core has them for good. */
  #commands: readonly Uint8Array[];
  #prepared: boolean;
  #caller: Caller<Result> | undefined;
  #handedOver = false;
  /** Where the commands stand in the call, if not one after another. */
  #positions: readonly number[] | undefined;
  /** So many have ended, in order. */
  #done = 0;
  /** Where it waits for a leader; null: it doesn't, and fails where none can take it. */
  readonly gate: LeaderGate | null;
  /** The position of the first command in the call. */
  first = 0;
  count: number;
  /** What they take while they wait. */
  bytes: number;
  /** The call's place among the calls of this node. */
  number = 0;
  /** The first one's number at core; 0 before it was handed over. */
  seq = 0;
  /** When it was handed over; 0 where nobody wants to know. */
  proposedAt = 0;
  /** Where the first was accepted; 0 until that is known. */
  index: Index = 0;
  term: Term = 0;
  /** Told once, when it has ended. */
  onEnd: ((proposal: Proposal<Result>) => void) | undefined;

  /** @param commands their number while an asynchronous schema looks at them */
  constructor(
    commands: readonly Uint8Array[] | number,
    caller: Caller<Result>,
    gate: LeaderGate | null = null,
  ) {
    super();
    this.gate = gate;
    this.#caller = caller;
    this.#prepared = typeof commands !== "number";
    this.#commands = typeof commands === "number" ? NO_COMMANDS : commands;
    this.count = typeof commands === "number" ? commands : commands.length;
    this.bytes = this.#bytesOf(this.count);
  }

  /** What the first so many take. */
  #bytesOf(count: number): number {
    let bytes = count * ENTRY_OVERHEAD_BYTES;
    for (let i = 0; i < count; i++) bytes += this.#commands[i]?.length ?? 0;
    return bytes;
  }

  /** Whether it can be handed over: its commands are checked and encoded. */
  get prepared(): boolean {
    return this.#prepared;
  }

  /** @param positions where those that weren't refused stand in the call; default: none was */
  prepare(commands: readonly Uint8Array[], positions?: readonly number[]): void {
    this.#prepared = true;
    this.#commands = commands;
    this.#positions = positions;
    this.first = positions?.[0] ?? this.first;
    this.count = commands.length;
    this.bytes = this.#bytesOf(this.count);
    if (this.count === 0) this.end();
  }

  /** Whether it is core's: then it may be applied. */
  get handedOver(): boolean {
    return this.#handedOver;
  }

  get mayWaitAgain(): boolean {
    return this.gate !== null && this.#caller?.mayWaitAgain?.(this) !== false;
  }

  /** The index of the first command that hasn't ended, once it was accepted. */
  get nextIndex(): Index {
    return this.index + this.#done;
  }

  /** So many commands take at most `bytes`. */
  countWithin(bytes: number): number {
    let count = 0;
    let sum = 0;
    while (count < this.count) {
      sum += ENTRY_OVERHEAD_BYTES + (this.#commands[count]?.length ?? 0);
      if (sum > bytes) break;
      count++;
    }
    return count;
  }

  /** Keeps the first so many commands. @returns the others */
  split(count: number): Proposal<Result> {
    const caller = this.#caller;
    const tail = new Proposal<Result>(this.count - count, caller ?? NOBODY, this.gate);
    tail.#prepared = this.#prepared;
    tail.#handedOver = this.#handedOver;
    tail.#commands = this.#commands.slice(count);
    tail.#positions = this.#positions?.slice(count);
    tail.first = this.#positions?.[count] ?? this.first + count;
    tail.number = this.number;
    tail.proposedAt = this.proposedAt;
    tail.term = this.term;
    if (this.seq > 0) tail.seq = this.seq + count;
    if (this.index > 0) tail.index = this.index + count;
    // The commands of one that has ended are gone; together they count what they counted before.
    const bytes = Math.floor((this.bytes * count) / this.count);
    const own = this.#commands.length > 0 ? this.#bytesOf(count) : bytes;
    tail.bytes = this.bytes - own;
    this.bytes = own;
    this.count = count;
    this.#commands = this.#commands.slice(0, count);
    if (this.settled) tail.end();
    else caller?.onSplit?.(tail);
    tail.onEnd = this.onEnd;
    return tail;
  }

  /** Gives the encoded commands to core: from now on they may be applied. */
  handOver(seq: number): readonly Uint8Array[] {
    this.seq = seq;
    this.#handedOver = true;
    return this.#commands;
  }

  /** Core is certain that it wasn't proposed and won't be: it waits again. */
  takeBack(): void {
    this.seq = 0;
    this.#handedOver = false;
  }

  /** It stands in the leader's log, and is never handed over again. */
  place(index: Index, term: Term): void {
    this.index = index;
    this.term = term;
    this.#commands = NO_COMMANDS;
  }

  /** Its next command was applied. */
  succeed(result: Result): void {
    const caller = this.#caller;
    const index = this.nextIndex;
    const position = this.#passNext();
    if (position !== undefined) caller?.succeed(position, result, index);
  }

  /** Its next command has ended with this. */
  failNext(error: unknown): void {
    const caller = this.#caller;
    const position = this.#passNext();
    if (position !== undefined) caller?.fail(position, error);
  }

  /** All its commands that haven't ended have ended with this. */
  fail(error: unknown): void {
    const caller = this.#caller;
    const positions = this.#positions;
    const from = this.#done;
    if (!this.end()) return;
    for (let i = from; i < this.count; i++) caller?.fail(positions?.[i] ?? this.first + i, error);
  }

  /** @returns the position of what ends; undefined: all have ended */
  #passNext(): number | undefined {
    if (this.settled) return undefined;
    const i = this.#done++;
    const position = this.#positions?.[i] ?? this.first + i;
    if (this.#done === this.count) this.end();
    return position;
  }

  /** A reference to it keeps neither its commands nor their results in memory. */
  protected override end(): boolean {
    if (!super.end()) return false;
    this.#commands = NO_COMMANDS;
    this.#positions = undefined;
    this.#caller = undefined;
    this.onEnd?.(this);
    return true;
  }

  /**
   * Ends it for a reason of the caller's or the node's own: what was handed over may still be
   * applied.
   */
  giveUp(reason: GivenUp, why: string, options?: { cause?: unknown }): void {
    this.fail(
      this.#handedOver
        ? new OutcomeUnknown(reason, `${why}; the command may or may not be applied`, options)
        : new NotProposed(reason, `${why}; nothing was proposed`, options),
    );
  }

  override expire(): void {
    const awaited = this.#handedOver ? undefined : this.gate?.closedForCommands;
    const silent = this.gate?.silentText() ?? "";
    if (awaited) {
      const reason = awaited === "transferring" ? "noLeader" : awaited;
      this.fail(new NotProposed(reason, `${AWAITED[awaited]}${silent}; nothing was proposed`));
    } else this.giveUp("timeout", "the proposal timed out");
  }

  override abort(cause: unknown): void {
    this.giveUp("aborted", "the proposal was aborted", { cause });
  }
}

/** Of the commands of a call that has ended. */
const NOBODY: Caller<never> = { succeed() {}, fail() {} };
