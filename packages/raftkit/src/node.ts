// The runtime: feeds inputs to core, one step at a time (R29), and carries out its effects. Log,
// machine and network are separate lanes; core never waits for them.
//
//   propose, read ─┐                ┌─▶ log lane ──────▶ storage.write    → persisted
//   frames ────────┼─▶ Raft.step ───┼─▶ machine lane ──▶ stateMachine     → applied, results
//   timer ─────────┘   (end of turn)└─▶ network ───────▶ transport.send
import type {
  Effect,
  Index,
  Input as CoreInput,
  NodeId,
  Raft,
  RaftkitError,
  ReturnOf,
  Sender,
  SnapshotMeta,
  TransportHandler,
} from "@raftkit/core";
import type {
  CounterName,
  NodeOptions,
  NodeStatus,
  RaftNode,
  LeadershipTerm,
  SnapshotStatus,
  TransferredLeadership,
} from "./api.js";
import type { CallOptions, CloseOptions, ReadOptions, ReadyOptions } from "./api-calls.js";
import type {
  ChangedMembership,
  ChangeMembershipOptions,
  Members,
  OwnMembership as Standing,
} from "./api-members.js";
import type { CallContext } from "./client-calls.js";
import { ClientCalls } from "./client-calls.js";
import type { NodeEnd } from "./closing.js";
import { Closing, partsOf, stateOf } from "./closing.js";
import { internalError, stateMachineFailed, storageFailed } from "./fatal-errors.js";
import { reportUnheard } from "./platform.js";
import type { Events } from "./events.js";
import { createEvents } from "./events.js";
import { Leadership } from "./leadership.js";
import type { MembershipContext } from "./membership-calls.js";
import { MembershipCalls } from "./membership-calls.js";
import type { LogLane } from "./log-lane.js";
import { createLogLane } from "./log-lane.js";
import type { MachineLane } from "./machine-lane.js";
import { createMachineLane } from "./machine-lane.js";
import type { Instrumentation } from "./instrumentation.js";
import type { Audience, News } from "./news.js";
import { tellNews } from "./news.js";
import { OperatorLog } from "./operator-log.js";
import type { Settings } from "./options.js";
import { checkCallOptions, checkTimeout } from "./options.js";
import type { OpenedState } from "./opening.js";
import { OwnMembership } from "./own-membership.js";
import type { Performers } from "./perform.js";
import { perform } from "./perform.js";
import { Snapshots } from "./snapshots.js";
import { StateLock } from "./state-lock.js";
import { noCounts, statusOf } from "./status.js";
import { Traffic } from "./traffic.js";
import { Turns } from "./turns.js";

export class Node<Command, Result, Query, Answer, Input> implements RaftNode<
  Command,
  Result,
  Query,
  Answer,
  Input
> {
  readonly id: NodeId;
  readonly closed: Promise<RaftkitError | undefined>;
  readonly transportHandler: TransportHandler;
  readonly #options: NodeOptions<Command, Result, Query, Answer, Input>;
  readonly #settings: Settings;
  readonly #self: Sender;
  readonly #raft: Raft;
  readonly #logLane: LogLane;
  readonly #machineLane: MachineLane;
  readonly #snapshots: Snapshots;
  /** Keeps queries and applies apart. */
  readonly #stateLock: StateLock = new StateLock();
  readonly #calls: ClientCalls<Command, Result, Query, Answer, Input>;
  readonly #events: Events;
  readonly #leadership: Leadership;
  readonly #counters: Record<CounterName, number> = noCounts();
  readonly #instruments: Instrumentation | undefined;
  readonly #operatorLog: OperatorLog;
  readonly #audience: Audience;
  readonly #turns: Turns;
  readonly #traffic: Traffic;
  readonly #own: OwnMembership;
  readonly #membership: MembershipCalls;
  readonly #performers: Performers;
  /**
   * Until then the transport starts: it can't be told whom to dial, and a failure would find nobody
   * listening.
   */
  #begun = false;
  #term = 0;
  /** Undefined while it runs. */
  #ended: NodeEnd | undefined;
  #closing: Closing | null = null;
  #resolveClosed: (error: RaftkitError | undefined) => void = () => {};

  constructor(
    options: NodeOptions<Command, Result, Query, Answer, Input>,
    settings: Settings,
    raft: Raft,
    self: Sender,
    opened: OpenedState,
    instruments?: Instrumentation,
  ) {
    this.id = options.id;
    this.closed = new Promise((resolve) => (this.#resolveClosed = resolve));
    this.#options = options;
    this.#settings = settings;
    this.#self = self;
    this.#raft = raft;
    this.#instruments = instruments;
    this.#leadership = new Leadership(this.id);
    this.#operatorLog = new OperatorLog(settings.logger, settings.clock);
    this.#turns = this.#createTurns(raft);
    this.#own = new OwnMembership(options, self, () => raft.status);
    const feed = (input: CoreInput): void => this.#turns.feed(input);
    this.#traffic = new Traffic(options, this.#counters, this.#operatorLog, this.#own, feed);
    const context = this.#context();
    this.#calls = new ClientCalls(options, settings, context, this.#stateLock);
    this.#membership = new MembershipCalls(this.#own, settings, context);
    this.#calls.proposals.commits = instruments?.commits;
    this.#events = createEvents((event, error) => this.#operatorLog.listenerFailed(event, error));
    this.#audience = { operatorLog: this.#operatorLog, events: this.#events, instruments };
    this.#logLane = createLogLane(
      instruments?.measuredLog(options.storage.log) ?? options.storage.log,
      (seq) => this.#turns.feed({ type: "persisted", seq }),
      (error) => {
        this.#turns.feed({ type: "diskFailed" });
        this.#fail(storageFailed(this.id, error));
      },
    );
    this.#machineLane = createMachineLane(
      instruments?.measuredMachine(options.stateMachine) ?? options.stateMachine,
      options.codec,
      settings.clock,
      opened.applied,
      this.#stateLock,
      {
        onResult: (index, term, result) => {
          this.#counters.entriesApplied++;
          this.#calls.proposals.onApplied(index, term, result);
        },
        onSkipped: (index, term) => this.#calls.proposals.onSkipped(index, term),
        restore: (snapshot) => this.#snapshots.restore(snapshot),
        onRestored: ({ index, term }) => this.#calls.proposals.onRestored(index, term),
        onApplied: (index) => this.#onApplied(index),
        onHash: (index, hash) => this.#turns.feed({ type: "hashed", index, hash }),
        onHashFailed: (error) => this.#operatorLog.hashFailed(error),
        onError: (error) => this.#fail(stateMachineFailed(this.id, error)),
      },
    );
    const captured = { machine: options.stateMachine, lane: this.#machineLane, raft };
    this.#snapshots = new Snapshots(opened.snapshots, captured, settings, {
      feed,
      onSaved: (snapshot, origin) => this.#onSnapshot(snapshot, origin),
      onFailed: (what, error, retryMs) => this.#operatorLog.snapshotFailed(what, error, retryMs),
    });
    this.#performers = {
      counters: this.#counters,
      logLane: this.#logLane,
      machineLane: this.#machineLane,
      snapshots: this.#snapshots,
      traffic: this.#traffic,
      calls: this.#calls,
      membership: this.#membership,
      onRole: (effect) => this.#onRole(effect),
      onNews: (news) => this.#onNews(news),
      fail: (error) => this.#fail(error),
    };
    this.transportHandler = this.#traffic.handler(() => this.#begun && !this.#ended);
  }

  /** What calls need of this node. */
  #context(): CallContext & MembershipContext {
    const endNow = (): NodeEnd | undefined => this.#ended;
    return {
      id: this.id,
      get end() {
        return endNow();
      },
      counters: this.#counters,
      status: () => this.status(),
      raftStatus: () => this.#raft.status,
      ready: () => this.ready(),
      silentText: () => this.#operatorLog.silentText,
      requestTurn: () => this.#turns.request(),
      onListenerFailed: (name, error) => this.#operatorLog.listenerFailed(name, error),
    };
  }

  #createTurns(raft: Raft): Turns {
    return new Turns(raft, this.#settings, {
      running: () => !this.#ended,
      perform: (effect) => perform(effect, this.#performers),
      endOfTurn: () => {
        const { lastApplied } = this.#machineLane;
        const inputs = this.#calls.take(() => raft.status.baseIndex, lastApplied);
        for (const input of [...inputs, ...this.#membership.take()]) this.#turns.feed(input);
      },
      onError: (error) => this.#fail(internalError(this.id, error)),
      onStall: (ms) => {
        this.#counters.eventLoopStalls++;
        this.#operatorLog.stalled(ms);
      },
    });
  }

  /** Everything is open. */
  begin(): void {
    this.#begun = true;
    this.#operatorLog.leaderWatch.start(this.id, this.#settings.electionTimeoutMs.max);
    this.#operatorLog.started(this.#self, this.#options.cluster, this.#raft, this.#own);
    this.#instruments?.observe({
      status: () => this.status(),
      queueLength: () => this.#logLane.length,
    });
    this.#turns.feed({ type: "tick" });
  }

  onDiskSpace(isShort: boolean): void {
    this.#turns.feed({ type: "diskSpace", isShort });
  }

  propose<Given extends Input>(
    command: Given,
    options?: CallOptions,
  ): Promise<ReturnOf<Command, Result, Given>> {
    const call = (): Promise<Result> => this.#calls.propose(command, options);
    return (this.#instruments?.call("propose", call) ?? call()) as Promise<
      ReturnOf<Command, Result, Given>
    >;
  }

  read<Given extends Query>(
    query: Given,
    options?: ReadOptions,
  ): Promise<ReturnOf<Query, Answer, Given>> {
    const call = (): Promise<Answer> => this.#calls.read(query, options);
    return (this.#instruments?.call("read", call) ?? call()) as Promise<
      ReturnOf<Query, Answer, Given>
    >;
  }

  proposeAll: RaftNode<Command, Result, Query, Answer, Input>["proposeAll"] = (all, options) => {
    const call = () => this.#calls.proposeAll(all, options);
    return (this.#instruments?.calls(all, call) ?? call()) as Promise<never>;
  };

  ready(options?: ReadyOptions): Promise<void> {
    return this.#calls.ready(options);
  }

  transferLeadership(
    to: NodeId | null = null,
    options?: ReadyOptions,
  ): Promise<TransferredLeadership> {
    return this.#calls.transferLeadership(to, options);
  }

  member(options?: ReadyOptions): Promise<Standing> {
    return this.#membership.member(options);
  }

  changeMembership(to: Members, options?: ChangeMembershipOptions): Promise<ChangedMembership> {
    return this.#membership.change(to, options);
  }

  status(): NodeStatus {
    const raft = this.#raft.status;
    return statusOf(raft, {
      self: this.#self,
      clusterId: this.#options.cluster.id,
      joins: this.#options.cluster.join !== undefined,
      state: stateOf(this.#ended),
      lastApplied: this.#machineLane.lastApplied,
      maxLogBytes: this.#settings.maxLogBytes,
      snapshotSavedAt: this.#snapshots.savedAt,
      counters: this.#counters,
      now: this.#settings.clock.now(),
    });
  }

  async snapshot(): Promise<SnapshotStatus> {
    const { index, term, bytes } = await this.#snapshots.take();
    return { index, term, bytes };
  }

  leadership(options?: { readonly signal?: AbortSignal }): AsyncIterable<LeadershipTerm> {
    return this.#leadership.terms(options?.signal);
  }

  readonly on: Events["on"] = (event, listener, options) =>
    this.#events.on(event, listener, options);

  #onRole(effect: Extract<Effect, { readonly type: "role" }>): void {
    const { role, term, leaderId } = effect;
    // A pre-vote leaves the term as it is.
    if (role === "candidate" && term > this.#term) this.#counters.electionsStarted++;
    this.#term = term;
    this.#operatorLog.role(effect);
    this.#instruments?.role(role);
    this.#leadership.onRole(effect);
    this.#leadership.onApplied(this.#machineLane.lastApplied);
    this.#calls.onRole(leaderId);
    this.#membership.onRole(effect);
    this.#traffic.dial();
    this.#events.emit("role", { role, term, leaderId });
  }

  #onNews(news: News): void {
    this.#membership.onNews(news);
    this.#traffic.dial();
    tellNews(news, this.#machineLane.lastApplied, this.#audience);
    this.#calls.onNews(news);
    if (news.type !== "introduced") return;
    const error = this.#own.strayed;
    if (error) this.#fail(error);
  }

  #onApplied(index: Index): void {
    this.#turns.feed({ type: "applied", index });
    this.#leadership.onApplied(index);
    this.#calls.reads.run(index);
    this.#snapshots.onApplied(index);
  }

  #onSnapshot(snapshot: SnapshotMeta, origin: "own" | "leader"): void {
    if (this.#ended) return;
    const { index, term, bytes } = snapshot;
    this.#operatorLog.snapshot(snapshot, origin);
    this.#events.emit("snapshot", { index, term, bytes, origin });
  }

  #fail(error: RaftkitError): void {
    if (this.#ended) return;
    this.#end({
      reason: "failed",
      why: `node ${this.id} has failed: ${error.message}`,
      options: { cause: error },
    });
    this.#operatorLog.failed(error);
    if (!this.#options.logger && !this.#events.has("error")) reportUnheard(error);
    this.#events.emit("error", error);
  }

  async close(options?: CloseOptions): Promise<void> {
    checkCallOptions("close", options);
    const { clock } = this.#settings;
    const closesAt = clock.now() + checkTimeout(options?.timeoutMs ?? Infinity);
    if (options?.transfer === true && this.status().role === "leader") {
      await this.#handOver(closesAt - clock.now());
    }
    const timeoutMs = Math.max(0, closesAt - clock.now());
    if (!this.#ended) this.#end({ reason: "closing", why: `node ${this.id} was closed` });
    try {
      await this.#closing?.wait(this.id, clock, timeoutMs);
    } finally {
      this.#instruments?.close();
    }
  }

  #handOver(withinMs: number): Promise<unknown> {
    const timeoutMs = Math.min(withinMs, 2 * this.#settings.electionTimeoutMs.max);
    return this.transferLeadership(null, { timeoutMs }).catch((error: unknown) => {
      if (!this.#ended) this.#operatorLog.notHandedOver(error);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(end: NodeEnd): void {
    this.#ended = end;
    this.#turns.stop();
    this.#instruments?.stop();
    this.#operatorLog.stop();
    this.#leadership.close(end);
    this.#logLane.stop();
    this.#calls.endAll(end);
    this.#membership.endAll(end);
    const parts = partsOf(this.#options, this.#snapshots, this.#machineLane);
    this.#closing = new Closing(parts, this.#settings.logger);
    void this.#closing.done.then(() => this.#resolveClosed(end.options?.cause));
  }
}
