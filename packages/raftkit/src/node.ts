// The runtime: feeds core with what happens and carries out what it asks for. Log, machine and network are lanes of their
// own; core never waits for them, and everything that touches its state runs here, one step at a time (R29).
//
//   propose, read ─┐                ┌─▶ log lane ──────▶ storage.write    → persisted
//   frames ────────┼─▶ Raft.step ───┼─▶ machine lane ──▶ stateMachine     → applied, results
//   timer ─────────┘   (end of turn)└─▶ network ───────▶ transport.send
import type { CodecValue, Effect, Input, Message, Notice, NodeId, Raft, RaftkitError, Sender, TransportHandler } from "@raftkit/core";
import { decodeFrame, encodeFrame, RaftkitError as KnownError } from "@raftkit/core";
import type { CallOptions, CounterName, NodeEvents, NodeOptions, NodeState, NodeStatus, RaftNode, ReadOptions, Reign } from "./api.js";
import type { Call } from "./call.js";
import { validateCommand } from "./command-schema.js";
import type { Deadlines } from "./deadlines.js";
import { createDeadlines } from "./deadlines.js";
import { InvalidOption, NotProposed, ReadFailed, StateMachineFailed, StorageFailed } from "./errors.js";
import type { Events } from "./events.js";
import { createEvents } from "./events.js";
import type { Leadership } from "./leadership.js";
import { createLeadership } from "./leadership.js";
import type { LogLane } from "./log-lane.js";
import { createLogLane } from "./log-lane.js";
import type { MachineLane } from "./machine-lane.js";
import { createMachineLane } from "./machine-lane.js";
import type { Settings } from "./options.js";
import { Proposal, Proposals } from "./proposals.js";
import { Read, Reads } from "./reads.js";

const NOTICES: Readonly<Record<Notice, string>> = {
  bootstrapDisagrees: "this peer was started with another list of initial voters; the cluster can't form until the lists are the same",
  alreadyFormed: "this peer already holds a log, so the cluster was formed before; if this node's data directory was lost, bring it back",
  bootstrapIgnored: "the list of initial voters differs from the configuration in the log; the log's is in force",
};

export class Node<Command extends CodecValue, Result, Query, Answer> implements RaftNode<Command, Result, Query, Answer> {
  readonly id: NodeId;
  readonly transportHandler: TransportHandler;
  readonly #options: NodeOptions<Command, Result, Query, Answer>;
  readonly #settings: Settings;
  readonly #self: Sender;
  readonly #raft: Raft;
  readonly #logLane: LogLane;
  readonly #machineLane: MachineLane;
  readonly #proposals = new Proposals<Result>();
  readonly #reads = new Reads();
  readonly #deadlines: Deadlines;
  readonly #events: Events;
  readonly #leadership: Leadership = createLeadership();
  readonly #counters: Record<CounterName, number> = { messagesSent: 0, messagesReceived: 0, messagesDropped: 0, electionsStarted: 0, persists: 0, entriesApplied: 0, proposals: 0, reads: 0 };
  readonly #noticed = new Set<string>();
  readonly #inbox: Input[] = [];
  #state: NodeState = "running";
  /** Until then the transport starts: it can't be told whom to dial, and a failure would find nobody listening. */
  #begun = false;
  #term = 0;
  #stepping = false;
  #turnRequested = false;
  #timer: { readonly at: number; readonly cancel: () => void } | null = null;
  #ended: Promise<void> | null = null;

  constructor(options: NodeOptions<Command, Result, Query, Answer>, settings: Settings, raft: Raft, self: Sender, applied: number) {
    this.id = options.id;
    this.#options = options;
    this.#settings = settings;
    this.#self = self;
    this.#raft = raft;
    this.#deadlines = createDeadlines(settings.clock);
    this.#events = createEvents(settings.logger);
    this.#logLane = createLogLane(options.storage.log, (seq) => this.#onPersisted(seq), (error) => this.#fail(new StorageFailed(`the log storage of node ${this.id} failed; the node stopped, and nothing is retried: ${messageOf(error)}`, { cause: error })));
    this.#machineLane = createMachineLane(options.stateMachine, options.codec, settings.clock, applied, {
      onResult: (index, term, result) => {
        this.#counters.entriesApplied++;
        this.#proposals.onApplied(index, term, result);
      },
      onSkipped: (index, term) => this.#proposals.onSkipped(index, term),
      onApplied: (index) => this.#feed({ type: "applied", index }),
      onError: (error) => this.#fail(new StateMachineFailed(`the state machine of node ${this.id} threw while applying an entry; the node stopped: ${messageOf(error)}`, { cause: error })),
    });
    this.transportHandler = {
      receive: (from, frame) => this.#receive(from, frame),
      unreachable: (peer) => { if (this.#begun) this.#feed({ type: "unreachable", peer }); },
      rejected: (error) => settings.logger.warn({ err: error }, error.message),
    };
  }

  /** The first step; everything is open. */
  begin(): void {
    this.#begun = true;
    this.#settings.logger.info({ ...this.#self, clusterId: this.#options.cluster.id }, "node started");
    this.#feed({ type: "tick" });
  }

  // ---- calls ----------------------------------------------------------------------------------------------------

  propose(command: Command, options?: CallOptions): Promise<Result> {
    const { commandSchema } = this.#options;
    if (!commandSchema) return this.#propose(command, options);
    return validateCommand(commandSchema, command).then((valid) => this.#propose(valid, options));
  }

  #propose(command: Command, options: CallOptions | undefined): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#state !== "running") throw new NotProposed("closing", `node ${this.id} is ${this.#state}; nothing was proposed`);
      if (options?.signal?.aborted === true) throw new NotProposed("aborted", "aborted before the call; nothing was proposed", { cause: options.signal.reason });
      const data = this.#encode(command);
      const { maxCommandBytes } = this.#settings;
      if (data.length > maxCommandBytes) throw new NotProposed("tooLarge", `the command has ${data.length} bytes, at most ${maxCommandBytes} are allowed (maxCommandBytes)`);
      const proposal = new Proposal<Result>(data, resolve, reject);
      this.#limit(proposal, options, (cause) => proposal.giveUp("the proposal was aborted", { cause }));
      this.#counters.proposals++;
      this.#proposals.add(proposal);
      this.#requestTurn();
    });
  }

  #encode(command: Command): Uint8Array {
    try {
      return this.#options.codec.encode(command);
    } catch (error) {
      throw new NotProposed("invalid", `the codec can't encode the command: ${messageOf(error)}; nothing was proposed`, { cause: error });
    }
  }

  read(query: Query, options?: ReadOptions): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#state !== "running") throw new ReadFailed("closing", `node ${this.id} is ${this.#state}`);
      if (options?.signal?.aborted === true) throw new ReadFailed("aborted", "aborted before the call", { cause: options.signal.reason });
      const read: Read = new Read(() => this.#query(query).then((answer) => read.settle(() => resolve(answer)), (error: unknown) => read.settle(() => reject(error))), reject);
      this.#limit(read, options, (cause) => read.fail("aborted", "the read was aborted", { cause }));
      this.#counters.reads++;
      this.#reads.add(read);
      this.#requestTurn();
    });
  }

  async #query(query: Query): Promise<Answer> {
    try {
      return await this.#options.stateMachine.query(query);
    } catch (error) {
      throw new StateMachineFailed(`the state machine of node ${this.id} threw while answering a query: ${messageOf(error)}`, { cause: error });
    }
  }

  #limit(call: Call, options: CallOptions | undefined, onAbort: (reason: unknown) => void): void {
    const timeoutMs = options?.timeoutMs ?? this.#settings.defaultTimeoutMs;
    if (!(timeoutMs >= 0)) throw new InvalidOption(`option timeoutMs: given ${timeoutMs}; allowed: 0 or more milliseconds`);
    this.#deadlines.add(call, timeoutMs);
    if (options?.signal) call.watch(options.signal, onAbort);
  }

  status(): NodeStatus {
    const { role, currentTerm: term, leaderId, commitIndex, lastIndex, durableIndex, logBytes, configuration, peers } = this.#raft.status;
    const now = this.#settings.clock.now();
    const { id, incarnation, run } = this.#self;
    // Field by field: a spread here costs a hundred times the rest, and metrics and tests ask often.
    return {
      id, incarnation, run, clusterId: this.#options.cluster.id, state: this.#state, role, term, leaderId, lastIndex, durableIndex, commitIndex,
      lastApplied: this.#machineLane.lastApplied, logBytes, configuration, counters: { ...this.#counters },
      peers: peers.map((peer) => ({ id: peer.id, matchIndex: peer.matchIndex, nextIndex: peer.nextIndex, lastContactMs: now - peer.lastContactAt })),
    };
  }

  leadership(options?: { readonly signal?: AbortSignal }): AsyncIterable<Reign> {
    return this.#leadership.reigns(options?.signal);
  }

  on<E extends keyof NodeEvents>(event: E, listener: (value: NodeEvents[E]) => void): () => void {
    return this.#events.on(event, listener);
  }

  // ---- steps ----------------------------------------------------------------------------------------------------

  /** One step of core after another: what effects bring about in return waits its turn. */
  #feed(input: Input): void {
    this.#inbox.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#inbox.shift(); next && this.#state === "running"; next = this.#inbox.shift()) {
        for (const effect of this.#raft.step(this.#settings.clock.now(), next)) this.#perform(effect);
      }
    } catch (error) {
      this.#fail(new KnownError("INTERNAL", `node ${this.id} met an error that it can't go on from: ${messageOf(error)}`, { cause: error }));
    }
    this.#stepping = false;
    this.#arm();
  }

  /** At the end of the event-loop turn, once. */
  #requestTurn(): void {
    if (this.#turnRequested) return;
    this.#turnRequested = true;
    this.#settings.clock.defer(() => this.#endTurn());
  }

  #endTurn(): void {
    this.#turnRequested = false;
    if (this.#state !== "running") return;
    const proposed = this.#proposals.take();
    if (proposed) this.#feed({ type: "propose", ...proposed });
    const id = this.#reads.take();
    if (id !== undefined) this.#feed({ type: "read", id });
    if (this.#raft.deadline <= this.#settings.clock.now()) this.#feed({ type: "tick" });
    this.#arm();
  }

  /**
   * Sees to it that core is ticked in time. A timer only asks for a turn, which comes after the input that waits: so a
   * late one hears what arrived before it starts an election (R02). One that is early finds nothing to do.
   */
  #arm(): void {
    if (this.#state !== "running") return;
    const { deadline } = this.#raft;
    const { clock } = this.#settings;
    if (deadline <= clock.now()) {
      this.#requestTurn();
      return;
    }
    if (deadline === Infinity || (this.#timer && this.#timer.at <= deadline)) return;
    this.#timer?.cancel();
    const cancel = clock.schedule(deadline, () => {
      this.#timer = null;
      this.#requestTurn();
    });
    this.#timer = { at: deadline, cancel };
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "persist":
        this.#counters.persists++;
        this.#logLane.push(effect.seq, effect.operations);
        break;
      case "apply": this.#machineLane.push(effect.entries); break;
      case "configure": this.#options.transport.setPeers(effect.peers); break;
      case "send": this.#send(effect.to, effect.message); break;
      case "dropped": this.#onDropped(effect.from, effect.reason, effect.disconnect); break;
      case "accepted": this.#proposals.onAccepted(effect.firstSeq, effect.count, effect.firstIndex, effect.term, this.#machineLane.lastApplied); break;
      case "rejected": this.#proposals.onRejected(effect.firstSeq, effect.count, effect.reason); break;
      case "unknown": this.#proposals.onUnknown(effect.firstSeq, effect.count); break;
      case "readReady": this.#onReadReady(effect); break;
      case "readRejected": this.#reads.onRejected(effect.id); break;
      case "role": this.#onRole(effect); break;
      case "committed": this.#events.emit("commit", { commitIndex: effect.commitIndex }); break;
      case "membership": this.#events.emit("membership", { configuration: effect.configuration }); break;
      case "notice": this.#logOnce(`${effect.notice} ${effect.peer}`, { peer: effect.peer }, NOTICES[effect.notice]); break;
      case "failed": this.#fail(effect.error); break;
    }
  }

  /** By itself: a closure beside the other cases would cost something at every effect. */
  #onReadReady({ id, index }: Extract<Effect, { readonly type: "readReady" }>): void {
    this.#machineLane.whenApplied(index, () => this.#reads.run(id));
  }

  #send(to: NodeId, message: Message): void {
    this.#counters.messagesSent++;
    const sent = this.#options.transport.send(to, encodeFrame(this.#options.codec, message));
    if (!sent && message.type === "forward") this.#feed({ type: "forwardNotSent", firstSeq: message.firstSeq });
  }

  #receive(from: Sender, frame: Uint8Array): void {
    if (this.#state !== "running" || !this.#begun) return;
    this.#counters.messagesReceived++;
    const message = decodeFrame(this.#options.codec, frame);
    if (message) this.#feed({ type: "receive", from, message });
    else this.#onDropped(from, "malformed", true);
  }

  #onDropped(from: Sender, reason: string, disconnect: boolean): void {
    this.#counters.messagesDropped++;
    this.#logOnce(`dropped ${from.id} ${from.incarnation} ${reason}`, { from, reason }, `messages of ${from.id} are dropped (${reason})${disconnect ? "; it is disconnected" : ""}`);
    if (disconnect) this.#options.transport.disconnect(from);
  }

  #onRole({ role, term, leaderId, noopIndex }: Extract<Effect, { readonly type: "role" }>): void {
    // A pre-vote leaves the term as it is.
    if (role === "candidate" && term > this.#term) this.#counters.electionsStarted++;
    this.#term = term;
    this.#settings.logger.info({ role, term, leaderId }, `${role} in term ${term}`);
    this.#leadership.end();
    if (noopIndex !== null) {
      this.#machineLane.whenApplied(noopIndex, () => {
        const status = this.#raft.status;
        if (this.#state === "running" && status.role === "leader" && status.currentTerm === term) this.#leadership.begin(term);
      });
    }
    this.#events.emit("role", { role, term, leaderId });
  }

  #onPersisted(seq: number): void {
    this.#feed({ type: "persisted", seq });
  }

  #logOnce(key: string, fields: object, message: string): void {
    if (this.#noticed.has(key) || this.#noticed.size > 1000) return;
    this.#noticed.add(key);
    this.#settings.logger.warn(fields, message);
  }

  // ---- the end --------------------------------------------------------------------------------------------------

  #fail(error: RaftkitError): void {
    if (this.#state !== "running") return;
    this.#state = "failed";
    this.#settings.logger.error({ err: error }, error.message);
    this.#end(`node ${this.id} failed`, { cause: error });
    this.#events.emit("error", error);
  }

  close(): Promise<void> {
    if (this.#state === "running") {
      this.#state = "closed";
      this.#end(`node ${this.id} was closed`);
    }
    return this.#ended ?? Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #end(why: string, options?: { cause?: unknown }): void {
    this.#timer?.cancel();
    this.#leadership.close();
    this.#deadlines.clear();
    this.#logLane.stop();
    this.#proposals.endAll(why, options);
    this.#reads.endAll(why, options);
    const { transport, storage, stateMachine } = this.#options;
    this.#ended = this.#closeParts([() => transport.close(), () => storage.log.close(), async () => {
      await this.#machineLane.stop();
      await stateMachine.close?.();
    }]);
  }

  async #closeParts(parts: readonly (() => Promise<void>)[]): Promise<void> {
    for (const result of await Promise.allSettled(parts.map(async (part) => part()))) {
      if (result.status === "rejected") this.#settings.logger.error({ err: result.reason }, `closing failed: ${messageOf(result.reason)}`);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
