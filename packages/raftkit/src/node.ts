// The runtime: feeds core with what happens and carries out what it asks for. Log, machine and
// network are lanes of their own; core never waits for them, and everything that touches its state
// runs here, one step at a time (R29).
//
//   propose, read ─┐                ┌─▶ log lane ──────▶ storage.write    → persisted
//   frames ────────┼─▶ Raft.step ───┼─▶ machine lane ──▶ stateMachine     → applied, results
//   timer ─────────┘   (end of turn)└─▶ network ───────▶ transport.send
import type {
  Effect,
  Index,
  NodeId,
  Raft,
  RaftkitError,
  ReturnOf,
  Sender,
  SnapshotMeta,
  TransportHandler,
} from "@raftkit/core";
import type {
  CallOptions,
  CounterName,
  NodeOptions,
  NodeStatus,
  RaftNode,
  ReadyOptions,
  LeadershipTerm,
  SnapshotStatus,
} from "./api.js";
import type { CallContext } from "./propose-and-read.js";
import { Calls } from "./propose-and-read.js";
import type { NodeEnd } from "./closing.js";
import { Closing, partsOf, stateOf } from "./closing.js";
import { internalError, stateMachineFailed, storageFailed } from "./fatal-errors.js";
import { reportUnheard } from "./platform.js";
import type { Events } from "./events.js";
import { createEvents } from "./events.js";
import { Leadership } from "./leadership.js";
import type { LogLane } from "./log-lane.js";
import { createLogLane } from "./log-lane.js";
import type { MachineLane } from "./machine-lane.js";
import { createMachineLane } from "./machine-lane.js";
import type { Instrumentation } from "./instrumentation.js";
import { Journal } from "./operator-log.js";
import { LogBound } from "./log-full.js";
import type { Settings } from "./options.js";
import { checkCallOptions, checkTimeout } from "./options.js";
import type { OpenedState } from "./opening.js";
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
  readonly #calls: Calls<Command, Result, Query, Answer, Input>;
  readonly #events: Events;
  readonly #leadership: Leadership;
  readonly #counters: Record<CounterName, number> = noCounts();
  readonly #instruments: Instrumentation | undefined;
  readonly #journal: Journal;
  readonly #logBound: LogBound;
  readonly #turns: Turns;
  readonly #traffic: Traffic;
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
    this.#journal = new Journal(settings.logger, settings.clock);
    this.#logBound = new LogBound(settings.maxLogBytes, this.#journal);
    this.#turns = this.#createTurns(raft);
    this.#traffic = new Traffic(options, this.#counters, this.#journal, (input) =>
      this.#turns.feed(input),
    );
    this.#calls = this.#createCalls();
    this.#calls.proposals.commits = instruments?.commits;
    this.#events = createEvents((event, error) => this.#journal.listenerFailed(event, error));
    this.#logLane = createLogLane(
      instruments?.measuredLog(options.storage.log) ?? options.storage.log,
      (seq) => this.#turns.feed({ type: "persisted", seq }),
      (error) => this.#fail(storageFailed(this.id, error)),
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
        onHashFailed: (error) => this.#journal.hashFailed(error),
        onError: (error) => this.#fail(stateMachineFailed(this.id, error)),
      },
    );
    const captured = { machine: options.stateMachine, lane: this.#machineLane, raft };
    this.#snapshots = new Snapshots(opened.snapshots, captured, settings, {
      feed: (input) => this.#turns.feed(input),
      onSaved: (snapshot, origin) => this.#onSnapshot(snapshot, origin),
      onFailed: (what, error, retryMs) => this.#journal.snapshotFailed(what, error, retryMs),
    });
    this.transportHandler = {
      receive: (from, frame) => {
        if (!this.#ended && this.#begun) this.#traffic.receive(from, frame);
      },
      unreachable: (peer) => {
        if (this.#begun) this.#turns.feed({ type: "unreachable", peer });
      },
      rejected: (error) => this.#journal.rejected(error),
    };
  }

  #createCalls(): Calls<Command, Result, Query, Answer, Input> {
    const endNow = (): NodeEnd | undefined => this.#ended;
    const context: CallContext = {
      id: this.id,
      get end() {
        return endNow();
      },
      counters: this.#counters,
      status: () => this.status(),
      silentText: () => this.#journal.leaderWatch.silentText,
      requestTurn: () => this.#turns.request(),
    };
    return new Calls(this.#options, this.#settings, context, this.#stateLock);
  }

  #createTurns(raft: Raft): Turns {
    return new Turns(raft, this.#settings.clock, {
      running: () => !this.#ended,
      perform: (effect) => this.#perform(effect),
      endOfTurn: () => {
        const proposed = this.#calls.proposals.take();
        if (proposed) this.#turns.feed({ type: "propose", ...proposed });
        const id = this.#calls.reads.take();
        if (id !== undefined) this.#turns.feed({ type: "read", id });
      },
      onError: (error) => this.#fail(internalError(this.id, error)),
    });
  }

  /** Everything is open. */
  begin(): void {
    this.#begun = true;
    this.#journal.leaderWatch.start(this.id, this.#settings.electionTimeoutMs.max);
    this.#journal.started(this.#self, this.#options.cluster, this.#raft);
    this.#instruments?.observe(() => this.status(), this.#logLane);
    this.#turns.feed({ type: "tick" });
  }

  onDiskSpace(isShort: boolean): void {
    this.#turns.feed({ type: "diskSpace", isShort });
  }

  // ---- calls ------------------------------------------------------------------------------------

  propose<Given extends Input>(
    command: Given,
    options?: CallOptions,
  ): Promise<ReturnOf<Command, Result, Given>> {
    const call = (): Promise<Result> => this.#calls.propose(command, options);
    const result = this.#instruments ? this.#instruments.call("propose", call) : call();
    return result as Promise<ReturnOf<Command, Result, Given>>;
  }

  read<Given extends Query>(
    query: Given,
    options?: CallOptions,
  ): Promise<ReturnOf<Query, Answer, Given>> {
    const call = (): Promise<Answer> => this.#calls.read(query, options);
    const answer = this.#instruments ? this.#instruments.call("read", call) : call();
    return answer as Promise<ReturnOf<Query, Answer, Given>>;
  }

  ready(options?: ReadyOptions): Promise<void> {
    return this.#calls.ready(options);
  }

  status(): NodeStatus {
    const raft = this.#raft.status;
    return statusOf(raft, {
      self: this.#self,
      clusterId: this.#options.cluster.id,
      state: stateOf(this.#ended),
      lastApplied: this.#machineLane.lastApplied,
      maxLogBytes: this.#settings.maxLogBytes,
      logFull: this.#logBound.isFull(raft.logBytes),
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

  // ---- effects -----------------------------------------------------------------------------------

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "persist":
        this.#counters.persists++;
        this.#logLane.push(effect.seq, effect.operations);
        break;
      case "apply":
        this.#machineLane.push(effect.entries);
        this.#snapshots.grew(effect.entries);
        break;
      case "restore":
        this.#machineLane.pushRestore(effect.snapshot);
        break;
      case "configure":
        this.#options.transport.setPeers(effect.peers);
        break;
      case "send":
        this.#traffic.send(effect.to, effect.message);
        break;
      case "dropped":
        this.#traffic.drop(effect.from, effect.reason, effect.disconnect);
        break;
      case "accepted":
        this.#logBound.onAccepted(() => this.#raft.status.logBytes);
        this.#calls.proposals.onAccepted(
          effect.firstSeq,
          effect.count,
          effect.firstIndex,
          effect.term,
          this.#machineLane.lastApplied,
        );
        break;
      case "rejected":
        if (effect.reason === "logFull") this.#logBound.onRefused(this.#raft.status.logBytes);
        this.#calls.onRejected(effect);
        break;
      case "unknown":
        this.#calls.proposals.onUnknown(effect.firstSeq, effect.count);
        break;
      case "readReady":
        this.#calls.reads.onReady(effect.id, effect.index, this.#machineLane.lastApplied);
        break;
      case "readRejected":
        this.#calls.onReadRejected(effect.id);
        break;
      case "role":
        this.#onRole(effect);
        break;
      case "committed":
        this.#instruments?.committed(effect.commitIndex, this.#machineLane.lastApplied);
        this.#events.emit("commit", { commitIndex: effect.commitIndex });
        break;
      case "membership":
        this.#journal.membership(effect);
        this.#events.emit("membership", { configuration: effect.configuration });
        break;
      case "notice":
        this.#journal.notice(effect);
        break;
      case "diverged":
        this.#onDiverged(effect);
        break;
      // Nothing here asks for a change of the members yet, nor introduces this node.
      case "removed":
      case "introduced":
      case "membershipVerdict":
        break;
      case "failed":
        this.#fail(effect.error);
        break;
      default:
        this.#snapshots.perform(effect);
    }
  }

  #onRole(effect: Extract<Effect, { readonly type: "role" }>): void {
    const { role, term, leaderId } = effect;
    // A pre-vote leaves the term as it is.
    if (role === "candidate" && term > this.#term) this.#counters.electionsStarted++;
    this.#term = term;
    this.#journal.role(effect);
    this.#instruments?.role(role);
    this.#leadership.onRole(effect);
    this.#leadership.onApplied(this.#machineLane.lastApplied);
    this.#calls.onRole(leaderId);
    this.#events.emit("role", { role, term, leaderId });
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
    this.#journal.snapshot(snapshot, origin);
    this.#events.emit("snapshot", { index, term, bytes, origin });
  }

  #onDiverged(effect: Extract<Effect, { readonly type: "diverged" }>): void {
    const { peer, index, ownHash, peerHash } = effect;
    this.#journal.diverged(effect);
    this.#events.emit("divergence", { peer, index, ownHash, peerHash });
  }

  // ---- the end ----------------------------------------------------------------------------------

  #fail(error: RaftkitError): void {
    if (this.#ended) return;
    this.#end({
      reason: "failed",
      why: `node ${this.id} has failed: ${error.message}`,
      options: { cause: error },
    });
    this.#journal.failed(error);
    if (!this.#options.logger && !this.#events.has("error")) reportUnheard(error);
    this.#events.emit("error", error);
  }

  async close(options?: { readonly timeoutMs?: number }): Promise<void> {
    checkCallOptions("close", options);
    const timeoutMs = checkTimeout(options?.timeoutMs ?? Infinity);
    if (!this.#ended) this.#end({ reason: "closing", why: `node ${this.id} was closed` });
    try {
      await this.#closing?.wait(this.id, this.#settings.clock, timeoutMs);
    } finally {
      this.#instruments?.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(end: NodeEnd): void {
    this.#ended = end;
    this.#turns.stop();
    this.#instruments?.stop();
    this.#journal.stop();
    this.#leadership.close(end);
    this.#logLane.stop();
    this.#calls.endAll(end);
    const parts = partsOf(this.#options, this.#snapshots, this.#machineLane);
    this.#closing = new Closing(parts, this.#settings.logger);
    void this.#closing.done.then(() => this.#resolveClosed(end.options?.cause));
  }
}
