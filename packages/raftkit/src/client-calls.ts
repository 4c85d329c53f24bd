// The calls of this node's users, from `propose` and `read` to core's inputs: checked, encoded,
// limited in time. proposals.ts and reads.ts tell how they end.
import type { Effect, Index, Input as CoreInput, NodeId } from "@raftkit/core";
import type { CounterName, NodeOptions, NodeStatus, TransferredLeadership } from "./api.js";
import type { CallOptions, Outcome, ReadOptions, ReadyOptions } from "./api-calls.js";
import type { Limits } from "./call-limits.js";
import { CallLimits } from "./call-limits.js";
import type { News } from "./news.js";
import type { EncodedCommands } from "./command-encoder.js";
import { CommandEncoder } from "./command-encoder.js";
import type { NodeEnd } from "./closing.js";
import {
  messageOf,
  NotProposed,
  NotReady,
  Overloaded,
  ReadFailed,
  StateMachineFailed,
  TransferFailed,
} from "./errors.js";
import type { GateReason } from "./leader-gate.js";
import { LeaderGate } from "./leader-gate.js";
import type { Settings } from "./options.js";
import { checkCallOptions, checkCommands, checkReadOptions, checkTarget } from "./options.js";
import { callerOf, Proposal } from "./proposal.js";
import { ProposalBatch } from "./proposal-batch.js";
import { Proposals } from "./proposals.js";
import { Read } from "./read.js";
import { ReadyCheck } from "./ready-check.js";
import { Reads } from "./reads.js";
import type { StateLock } from "./state-lock.js";
import { isThenable } from "./thenable.js";
import { TransferCall, Transfers } from "./transfers.js";

const NOT_TAKEN: Readonly<Record<GateReason, string>> = {
  noLeader: "no leader is known; try again",
  notSent: "the leader can't be reached; try again",
  transferring:
    "the leader is transferring its leadership, and the next leader isn't known yet; try again",
};

const LOG_FULL =
  "the leader's log has no room for this command within its limit (maxLogBytes). The leader's next snapshot makes room (option storage.snapshots; without it all entries stay). If that takes long, look for a failed snapshot in the leader's log; or raise maxLogBytes on every node, and give the processes the memory for it";
const DISK_FULL =
  "the leader's disk is full, and the rest is reserved for votes and changes of leader; free space there, then try again: no restart is needed";

/** Bytes that core forwards without an answer. Of two forwards in a row at least one is half full. */
function forwardWindowOf(settings: Settings): number {
  const { maxInflightBytes, maxInflightMessages, maxMessageBytes } = settings;
  return Math.min(maxInflightBytes, (maxInflightMessages * maxMessageBytes) / 2);
}

/** What calls need of their node. */
export interface CallContext {
  readonly id: NodeId;
  status(): NodeStatus;
  /** Why there is no leader, as the end of a sentence; or "". */
  silentText(): string;
  /** Undefined while it runs. */
  readonly end: NodeEnd | undefined;
  readonly counters: Record<CounterName, number>;
  /** Asks for the end of this turn, at which core gets what waits. */
  requestTurn(): void;
}

export type CallEffect = Extract<
  Effect,
  {
    readonly type:
      | "accepted"
      | "rejected"
      | "unknown"
      | "readReady"
      | "readRejected"
      | "transferred"
      | "transferRejected";
  }
>;

export class ClientCalls<Command, Result, Query, Answer, Input> {
  readonly proposals: Proposals<Result>;
  readonly reads: Reads;
  readonly transfers: Transfers;
  readonly #gate: LeaderGate;
  readonly #node: CallContext;
  readonly #options: NodeOptions<Command, Result, Query, Answer, Input>;
  readonly #settings: Settings;
  readonly #limits: CallLimits;
  readonly #encoder: CommandEncoder;

  constructor(
    options: NodeOptions<Command, Result, Query, Answer, Input>,
    settings: Settings,
    node: CallContext,
    lock: StateLock,
  ) {
    this.proposals = new Proposals(settings.maxUncommittedBytes, forwardWindowOf(settings), () =>
      node.requestTurn(),
    );
    this.reads = new Reads(lock);
    this.#gate = new LeaderGate(
      settings.clock,
      settings.heartbeatIntervalMs,
      settings.electionTimeoutMs.max,
      () => node.requestTurn(),
      () => node.silentText(),
    );
    this.transfers = new Transfers(this.#gate);
    this.#node = node;
    this.#options = options;
    this.#settings = settings;
    this.#limits = new CallLimits(settings.clock);
    this.#encoder = new CommandEncoder(options, settings.maxCommandBytes);
  }

  propose(command: unknown, options?: CallOptions): Promise<Result> {
    return new Promise((resolve, reject) => {
      checkCallOptions("propose", options);
      const refusal = this.#refusalOf(options);
      if (refusal) throw refusal;
      // Before the schema begins: from then on nobody but the proposal hears of its refusal.
      const limits = this.#limitsOf(options);
      const valid = this.#encoder.validate(command);
      const commands = valid instanceof Promise ? 1 : [this.#encoder.encode(valid)];
      const caller = callerOf(resolve, reject, options?.onIndex);
      const proposal = new Proposal<Result>(commands, caller, this.#gateOf(options));
      this.#limits.apply(proposal, limits);
      this.#add(proposal);
      if (!(valid instanceof Promise)) return;
      valid
        .then((late) => this.#prepare(proposal, { commands: [this.#encoder.encode(late)] }))
        .catch((error: unknown) => proposal.fail(error));
    });
  }

  proposeAll(
    commands: readonly unknown[],
    options?: CallOptions,
  ): Promise<readonly Outcome<Result>[]> {
    return new Promise((resolve, reject) => {
      checkCallOptions("proposeAll", options);
      checkCommands(commands);
      const limits = this.#limitsOf(options);
      if (commands.length === 0) return resolve([]);
      const batch = new ProposalBatch<Result>(commands.length, resolve, reject, options?.onIndex);
      const refusal = this.#refusalOf(options);
      if (refusal) return batch.failAll(refusal);
      const onRefused = (position: number, error: NotProposed): void => batch.fail(position, error);
      const valid = this.#encoder.validateAll(commands);
      const isLate = valid instanceof Promise;
      const encoded = isLate ? undefined : this.#encoder.encodeAll(valid, onRefused);
      if (encoded?.commands.length === 0) return;
      const proposal = new Proposal<Result>(commands.length, batch, this.#gateOf(options));
      if (encoded) proposal.prepare(encoded.commands, encoded.positions);
      batch.onSplit(proposal);
      this.#limits.apply(batch, limits);
      this.#add(proposal);
      if (!isLate) return;
      void valid.then((all) => {
        if (proposal.settled) return;
        // The others have been refused for want of room.
        const left = all.slice(0, proposal.count);
        this.#prepare(proposal, this.#encoder.encodeAll(left, onRefused));
      });
    });
  }

  /** Why nothing is proposed at all. */
  #refusalOf(options: CallOptions | undefined): NotProposed | undefined {
    const { end } = this.#node;
    if (end) return new NotProposed(end.reason, `${end.why}; nothing was proposed`, end.options);
    if (options?.signal?.aborted !== true) return undefined;
    return new NotProposed("aborted", "aborted before the call; nothing was proposed", {
      cause: options.signal.reason,
    });
  }

  #add(proposal: Proposal<Result>): void {
    this.#node.counters.proposals += proposal.count;
    this.proposals.add(proposal);
    this.#node.requestTurn();
  }

  /** It had its place, and its time ran, while its schema looked at it. */
  #prepare(
    proposal: Proposal<Result>,
    { commands, positions }: Pick<EncodedCommands, "commands"> & Partial<EncodedCommands>,
  ): void {
    if (proposal.settled) return;
    this.proposals.prepare(proposal, commands, positions);
    this.#node.requestTurn();
  }

  read(query: Query, options?: ReadOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const consistency = checkReadOptions(options);
      const end = this.#node.end;
      if (end) throw new ReadFailed(end.reason, end.why, end.options);
      if (options?.signal?.aborted === true) {
        throw new ReadFailed("aborted", "aborted before the call", {
          cause: options.signal.reason,
        });
      }
      const read = new Read<Answer>(
        () => this.#query(query),
        resolve,
        reject,
        this.#gateOf(options),
        consistency,
      );
      read.onIndex = options?.onIndex;
      this.#limits.apply(read, this.#limitsOf(options));
      this.#node.counters.reads++;
      this.reads.add(read);
      this.#node.requestTurn();
    });
  }

  transferLeadership(
    to: NodeId | null,
    options: ReadyOptions | undefined,
  ): Promise<TransferredLeadership> {
    return new Promise((resolve, reject) => {
      checkCallOptions("transferLeadership", options);
      checkTarget(to);
      const { end } = this.#node;
      if (end) throw new TransferFailed(end.reason, end.why, end.options);
      const call = new TransferCall(to, resolve, reject, this.#gate);
      if (options?.signal?.aborted === true) {
        call.abort(options.signal.reason);
        return;
      }
      this.#limits.apply(call, this.#limitsOf(options));
      this.transfers.add(call);
      this.#node.requestTurn();
    });
  }

  ready(options?: ReadyOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      checkCallOptions("ready", options);
      const end = this.#node.end;
      if (end) throw new NotReady(end.reason, end.why, end.options);
      const check = new ReadyCheck(() => this.#node.status(), resolve, reject, this.#gate);
      if (options?.signal?.aborted === true) {
        check.abort(options.signal.reason);
        return;
      }
      this.#limits.apply(check, this.#limitsOf(options));
      this.reads.add(check);
      this.#node.requestTurn();
    });
  }

  #query(query: Query): Answer | PromiseLike<Answer> {
    const failed = (error: unknown): never => {
      throw new StateMachineFailed(
        `the state machine of node ${this.#node.id} threw while answering a query: ${messageOf(error)}`,
        { cause: error },
      );
    };
    try {
      const answer = this.#options.stateMachine.query(query);
      return isThenable(answer) ? Promise.resolve(answer).catch(failed) : answer;
    } catch (error) {
      return failed(error);
    }
  }

  #gateOf(options: CallOptions | undefined): LeaderGate | null {
    return options?.wait === false ? null : this.#gate;
  }

  /** @throws what is wrong with them */
  #limitsOf(options: CallOptions | undefined): Limits {
    return this.#limits.check(options, this.#settings.defaultTimeoutMs);
  }

  onRole(leaderId: NodeId | null): void {
    this.#gate.onRole(leaderId);
  }

  /** In each case core is certain that these were not proposed. */
  #onRejected({ firstSeq, count, reason }: Extract<Effect, { type: "rejected" }>): void {
    switch (reason) {
      case "noLeader":
      case "notSent":
        this.#gate.onRefused(reason);
        this.proposals.onNotTaken(
          firstSeq,
          count,
          () => new NotProposed(reason, NOT_TAKEN[reason]),
        );
        break;
      case "transferring":
        this.#gate.onTransferring();
        this.proposals.onNotTaken(
          firstSeq,
          count,
          () => new NotProposed("noLeader", NOT_TAKEN[reason]),
        );
        break;
      case "overloaded":
        this.proposals.onRejected(
          firstSeq,
          count,
          () =>
            new Overloaded(
              "the leader's uncommitted entries or a window are full; try again after a pause",
            ),
        );
        break;
      case "diskFull":
        this.proposals.onRejected(firstSeq, count, () => new NotProposed(reason, DISK_FULL));
        break;
      case "logFull":
        this.proposals.onRejected(firstSeq, count, () => new NotProposed(reason, LOG_FULL));
    }
  }

  /** The calls of this turn, as inputs for core. Those that ask nobody are answered. */
  take(baseIndex: () => Index, lastApplied: Index): readonly CoreInput[] {
    const proposed = this.proposals.take();
    const inputs: CoreInput[] = proposed ? [{ type: "propose", ...proposed }] : [];
    inputs.push(...this.reads.take(baseIndex), ...this.transfers.take());
    this.reads.run(lastApplied);
    return inputs;
  }

  onNews(news: News): void {
    if (news.type === "notice" && news.notice === "transferCalledOff") {
      this.#gate.onTransferCalledOff();
    }
  }

  /** What became of that for which core was asked. */
  perform(effect: CallEffect, lastApplied: Index): void {
    switch (effect.type) {
      case "accepted": {
        const { firstSeq, count, firstIndex, term } = effect;
        this.proposals.onAccepted(firstSeq, count, firstIndex, term, lastApplied);
        break;
      }
      case "rejected":
        this.#onRejected(effect);
        break;
      case "unknown":
        this.proposals.onUnknown(effect.firstSeq, effect.count);
        break;
      case "readReady":
        this.reads.onReady(effect.id, effect.index, lastApplied);
        break;
      case "readRejected":
        this.#gate.onRefused("noLeader");
        this.reads.onRejected(effect.id);
        break;
      case "transferred":
        this.transfers.onTransferred(effect);
        break;
      case "transferRejected":
        if (effect.reason === "leaderChanged") this.#gate.onRefused("noLeader");
        this.transfers.onRejected(effect);
        break;
    }
  }

  /** Every call that is under way ends. */
  endAll({ reason, why, options }: NodeEnd): void {
    this.#limits.clear();
    this.#gate.stop();
    this.proposals.endAll(reason, why, options);
    this.reads.endAll(reason, why, options);
    this.transfers.endAll(reason, why, options);
  }
}
