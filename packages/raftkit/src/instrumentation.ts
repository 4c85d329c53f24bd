// Measures durations and outcomes for a node's instruments. The only part that the rest of the
// runtime reports to; it doesn't exist without instruments.
import type { Index, LogStorage, StateMachine, VoteRefusal } from "@raftkit/core";
import type { NodeOptions, NodeStatus, Role } from "./api.js";
import { CommitTimes } from "./commit-times.js";
import { registerFigures } from "./figures.js";
import { NotProposed, OutcomeUnknown } from "./errors.js";
import type { EndSpan } from "./instruments.js";
import type { Settings } from "./options.js";
import type { CallOperation } from "./outcome-counts.js";
import { outcomeOf, OutcomeCounts } from "./outcome-counts.js";
import type { SafeInstruments } from "./safe-instruments.js";
import { createSafeInstruments } from "./safe-instruments.js";
import { isThenable } from "./thenable.js";

/** Seconds, from a write in memory to the longest timeout. */
const LATENCY_BOUNDARIES = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
const APPLY_BOUNDARIES = [0.000_01, 0.000_1, 0.001, 0.01, 0.1, 1, 10];

const SUCCESS: Readonly<Record<CallOperation, string>> = { propose: "applied", read: "answered" };

/** All that there are, so that a counter exists before its first event. */
const VOTE_REFUSALS: Readonly<Record<VoteRefusal, 0>> = {
  staleTerm: 0,
  leaderLive: 0,
  alreadyVoted: 0,
  electing: 0,
  logBehind: 0,
};

/** Undefined where nothing is to be measured. */
export function createInstrumentation(
  {
    id,
    cluster,
    instruments: create,
  }: Pick<NodeOptions<never, unknown, never, unknown>, "id" | "cluster" | "instruments">,
  settings: Settings,
): Instrumentation | undefined {
  if (!create) return undefined;
  const instruments = createSafeInstruments(
    () => create({ id, clusterId: cluster.id }),
    settings.logger,
  );
  return new Instrumentation(instruments, settings);
}

/** What figures are read from. */
export interface Observed {
  status(): NodeStatus;
  /** Of the log lane. */
  queueLength(): number;
}

export class Instrumentation {
  readonly commits: CommitTimes;
  readonly #instruments: SafeInstruments;
  readonly #settings: Settings;
  readonly #outcomes = { propose: new OutcomeCounts("propose"), read: new OutcomeCounts("read") };
  readonly #durations: Readonly<Record<CallOperation | "write" | "apply" | "election", Took>>;
  readonly #votesRefused = new Map<string, number>(Object.entries(VOTE_REFUSALS));
  /** Figures outlive the node: once it has ended, its last picture is all that is kept of it. */
  #figures: { source: Observed } | null = null;
  #stopped = false;
  #closed = false;
  /** This node stands for election. */
  #election: { readonly since: number; readonly end: EndSpan } | null = null;

  constructor(instruments: SafeInstruments, settings: Settings) {
    this.#instruments = instruments;
    this.#settings = settings;
    const duration = (what: string, description: string, boundaries = LATENCY_BOUNDARIES): Took =>
      instruments.histogram({
        name: `raftkit.${what}.duration`,
        unit: "s",
        description,
        boundaries,
      });
    this.#durations = {
      write: duration("log.write", "A write of the log storage, until it is durable."),
      apply: duration(
        "apply",
        "The state machine's apply of one command, until it has its result.",
        APPLY_BOUNDARIES,
      ),
      propose: duration(
        "propose",
        "A proposal of this node that was applied: from the call to its result.",
      ),
      read: duration("read", "A linearizable read that was answered: from the call to its answer."),
      election: duration(
        "election",
        "From the start of a candidacy, pre-votes included, until this node leads or follows.",
      ),
    };
    this.commits = new CommitTimes(
      settings.clock,
      duration(
        "commit",
        "A proposal of this node that was applied: from the end of the event-loop turn in which it was proposed until this node knew that it is committed.",
      ),
    );
  }

  /** Registers what is read when somebody asks. */
  observe(observed: Observed): void {
    const instruments = this.#instruments;
    const figures = { source: this.#stopped ? pictureOf(observed) : observed };
    this.#figures = figures;
    registerFigures(instruments, () => figures.source.status());
    const { propose, read } = this.#outcomes;
    instruments.gauge(
      {
        name: "raftkit.log.write.queue.length",
        unit: "{persist}",
        description: "Changes that wait for the current write of the log to end.",
      },
      () => figures.source.queueLength(),
    );
    instruments.gauge(
      {
        name: "raftkit.pending_proposals",
        unit: "{proposal}",
        description: "Proposals of this node that haven't ended.",
      },
      () => propose.pending,
    );
    instruments.gauge(
      {
        name: "raftkit.pending_reads",
        unit: "{read}",
        description: "Reads of this node that haven't ended.",
      },
      () => read.pending,
    );
    instruments.counter(
      {
        name: "raftkit.proposals",
        unit: "{proposal}",
        description:
          "Proposals of this node that ended, by outcome: applied, unknown, or why not proposed.",
        label: "outcome",
      },
      () => propose.ended,
    );
    instruments.counter(
      {
        name: "raftkit.reads",
        unit: "{read}",
        description: "Reads of this node that ended, by outcome: answered, or why not.",
        label: "outcome",
      },
      () => read.ended,
    );
    instruments.counter(
      {
        name: "raftkit.votes.refused",
        unit: "{request}",
        description: "Vote and pre-vote requests that this node refused, by reason.",
        label: "reason",
      },
      () => this.#votesRefused,
    );
  }

  measuredLog(log: LogStorage): LogStorage {
    return {
      open: (identity, onSpace) => log.open(identity, onSpace),
      write: async (operations) => {
        const began = this.#now();
        await log.write(operations);
        this.#durations.write(this.#since(began));
      },
      close: () => log.close(),
    };
  }

  /** What the machine lane needs of a state machine. */
  measuredMachine<C, R, Q, A>(machine: StateMachine<C, R, Q, A>): Applies<C, R> {
    const took = (began: number): void => this.#durations.apply(this.#since(began));
    const hash = machine.hash?.bind(machine);
    return {
      apply: (command, context) => {
        const began = this.#now();
        const outcome = machine.apply(command, context);
        if (!isThenable(outcome)) {
          took(began);
          return outcome;
        }
        return outcome.then((result) => {
          took(began);
          return result;
        });
      },
      ...(hash && { hash }),
    };
  }

  /** As `run` ends; a rejection that nobody handles is one here, too. */
  call<T>(operation: CallOperation, run: () => Promise<T>): Promise<T> {
    const began = this.#now();
    const outcomes = this.#outcomes[operation];
    const endSpan = this.#instruments.span(operation);
    outcomes.begin();
    return run().then(
      (value) => {
        this.#durations[operation](this.#since(began));
        outcomes.end(SUCCESS[operation]);
        endSpan(SUCCESS[operation]);
        return value;
      },
      (error: unknown) => {
        const outcome = outcomeOf(error);
        outcomes.end(outcome);
        endSpan(outcome, error);
        throw error;
      },
    );
  }

  /** As `run` ends; one duration and one span for all of the commands, each with its outcome. */
  calls<T>(commands: readonly unknown[], run: () => Promise<readonly T[]>): Promise<readonly T[]> {
    // Something else is refused.
    const count = Array.isArray(commands) ? commands.length : 0;
    const began = this.#now();
    const outcomes = this.#outcomes.propose;
    const endSpan = this.#instruments.span("propose");
    outcomes.begin(count);
    return run().then(
      (all) => {
        let failure: T | undefined;
        for (const one of all) {
          const failed = one instanceof NotProposed || one instanceof OutcomeUnknown;
          if (failed) failure ??= one;
          outcomes.end(failed ? outcomeOf(one) : SUCCESS.propose);
        }
        if (failure === undefined) this.#durations.propose(this.#since(began));
        endSpan(failure === undefined ? SUCCESS.propose : outcomeOf(failure), failure);
        return all;
      },
      (error: unknown) => {
        for (let i = 0; i < count; i++) outcomes.end(outcomeOf(error));
        endSpan(outcomeOf(error), error);
        throw error;
      },
    );
  }

  committed(index: Index, lastApplied: Index): void {
    this.commits.forget(lastApplied);
    this.commits.committed(index);
  }

  voteRefused(reason: VoteRefusal): void {
    this.#votesRefused.set(reason, (this.#votesRefused.get(reason) ?? 0) + 1);
  }

  role(role: Role): void {
    if (role !== "candidate") this.#endElection(role === "leader" ? "won" : "lost");
    else this.#election ??= { since: this.#now(), end: this.#instruments.span("election") };
  }

  #endElection(outcome: string): void {
    if (!this.#election) return;
    const { since, end } = this.#election;
    this.#election = null;
    this.#durations.election(this.#since(since));
    end(outcome);
  }

  /** The node runs no longer; its figures can still be read. */
  stop(): void {
    this.#stopped = true;
    if (this.#figures) this.#figures.source = pictureOf(this.#figures.source);
    this.#election?.end("closing");
    this.#election = null;
  }

  /** Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#instruments.close();
  }

  #now(): number {
    return this.#settings.clock.now();
  }

  /** Seconds. */
  #since(began: number): number {
    return (this.#now() - began) / 1000;
  }
}

function pictureOf(observed: Observed): Observed {
  const status = observed.status();
  const queueLength = observed.queueLength();
  return { status: () => status, queueLength: () => queueLength };
}

type Took = (seconds: number) => void;
export type Applies<C, R> = Pick<StateMachine<C, R, never, never>, "apply" | "hash">;
