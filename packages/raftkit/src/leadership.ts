// Leadership of this node as an async iterable of its terms. Each begins when the no-op of its term
// is applied: from then on the local state holds everything that was committed before it.
import type { Effect, Index, NodeId, Term } from "@raftkit/core";
import { AbortSignals } from "./abort-signals.js";
import type { LeadershipTerm } from "./api.js";
import type { NodeEnd } from "./closing.js";
import { LeadershipEnded } from "./errors.js";

interface Present {
  readonly leadership: LeadershipTerm;
  readonly controller: AbortController;
}

export class Leadership {
  readonly #id: NodeId;
  readonly #iterations = new Set<Iteration>();
  readonly #signals: AbortSignals = new AbortSignals();
  /** Elected; the leadership begins when this no-op is applied. */
  #awaitedNoop: { readonly term: Term; readonly index: Index } | null = null;
  #present: Present | null = null;
  #closed = false;

  constructor(id: NodeId) {
    this.#id = id;
  }

  onRole({ term, leaderId, noopIndex }: Extract<Effect, { readonly type: "role" }>): void {
    const successor = leaderId === null ? "no leader is known" : `${leaderId} leads`;
    this.#end((own) =>
      term > own
        ? new LeadershipEnded(
            "deposed",
            `node ${this.#id} led in term ${own}; now it is term ${term}, and ${successor}`,
          )
        : new LeadershipEnded(
            "steppedDown",
            `node ${this.#id} led in term ${own}, until no majority answered it in time, its disk hung, or it left the cluster`,
          ),
    );
    this.#awaitedNoop = noopIndex === null ? null : { term, index: noopIndex };
  }

  /** The state machine has got so far. */
  onApplied(lastApplied: Index): void {
    const noop = this.#awaitedNoop;
    if (this.#closed || !noop || noop.index > lastApplied) return;
    this.#awaitedNoop = null;
    const controller = new AbortController();
    const leadership: LeadershipTerm = { term: noop.term, signal: controller.signal };
    this.#present = { leadership, controller };
    for (const iteration of this.#iterations) iteration.offer(leadership);
  }

  /** Ends the present leadership and every iteration. */
  close({ reason, why, options }: NodeEnd): void {
    this.#closed = true;
    this.#end(() => new LeadershipEnded(reason, why, options));
    for (const iteration of this.#iterations) iteration.end();
  }

  /** Each iteration over it begins with the present leadership, if there is one. */
  terms(signal: AbortSignal | undefined): AsyncIterable<LeadershipTerm> {
    return { [Symbol.asyncIterator]: () => this.#iterate(signal) };
  }

  #iterate(signal: AbortSignal | undefined): AsyncIterator<LeadershipTerm> {
    const iteration = new Iteration(() => {
      this.#iterations.delete(iteration);
      stopWatching();
    });
    const stopWatching = this.#signals.onAbort(signal, () => iteration.end());
    this.#iterations.add(iteration);
    if (this.#closed || signal?.aborted === true) iteration.end();
    else if (this.#present) iteration.offer(this.#present.leadership);
    return iteration;
  }

  #end(reason: (term: Term) => LeadershipEnded): void {
    const present = this.#present;
    this.#present = null;
    present?.controller.abort(reason(present.leadership.term));
  }
}

/** One loop. Of the leaderships that nobody asked for in time it keeps the latest only. */
class Iteration implements AsyncIterator<LeadershipTerm> {
  readonly #onEnd: () => void;
  #latest: LeadershipTerm | null = null;
  #asking: ((result: IteratorResult<LeadershipTerm, undefined>) => void)[] = [];
  #ended = false;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  offer(leadership: LeadershipTerm): void {
    const ask = this.#asking.shift();
    if (ask) ask({ done: false, value: leadership });
    else this.#latest = leadership;
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#latest = null;
    for (const ask of this.#asking) ask({ done: true, value: undefined });
    this.#asking = [];
    this.#onEnd();
  }

  next(): Promise<IteratorResult<LeadershipTerm, undefined>> {
    const latest = this.#latest;
    this.#latest = null;
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    // One that has ended meanwhile is nobody's any more.
    if (latest && !latest.signal.aborted) return Promise.resolve({ done: false, value: latest });
    return new Promise((resolve) => this.#asking.push(resolve));
  }

  /** A pending `next` ends, too. */
  return(): Promise<IteratorResult<LeadershipTerm, undefined>> {
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }
}
