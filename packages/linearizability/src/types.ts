// Histories and verdicts. Types only; independent of Raft.

/** One call of one client. Times come from one clock, in any unit; only their order matters. */
export interface Operation<Input, Output> {
  /**
   * The caller: a client has at most one operation open at a time, and none after one whose outcome
   * is unknown.
   */
  readonly client: string;
  /** When the call began. */
  readonly invoked: number;
  /**
   * When its answer came in; not before `invoked`. `Infinity`: none came, so it may take effect at
   * any time later, or never.
   */
  readonly completed: number;
  readonly input: Input;
  /** The answer; ignored if `completed` is `Infinity`. */
  readonly output?: Output;
}

/**
 * What an operation does to the state, so that the search can leave out what can't matter:
 * - `reads`: it changes nothing. It may narrow down what the state is, but whatever is possible
 *   after it was possible before it;
 * - `overwrites`: what was before leaves no trace. Whatever is possible after this and another
 *   operation before it is possible after this alone;
 * - `changes`: anything else.
 */
export type Effect = "reads" | "overwrites" | "changes";

/**
 * How the system should behave if it did one thing at a time. States are never changed in place.
 */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * The possible states after this operation with the answer `output`. An empty list: the answer is
   * impossible. `output` is undefined for an unknown outcome: then every state that it may leave.
   */
  step(state: State, input: Input, output: Output | undefined): readonly State[];
  /** Two states with the same text are the same. */
  key(state: State): string;
  /**
   * Operations of different parts don't influence each other and are checked apart (locality;
   * Herlihy and Wing 1990, §3.1). Default: one part.
   */
  partition?(input: Input): string;
  /**
   * What is known of an operation without knowing the state; see `Effect`. Only speed and smaller
   * reports depend on it. Default: `changes`.
   */
  effect?(input: Input, output: Output | undefined): Effect;
  /**
   * Of two operations that have one, the one with the smaller rank takes effect first (a version,
   * say). Only speed depends on it. Default: none.
   */
  rank?(input: Input, output: Output | undefined): number | undefined;
  /** For the report. Default: JSON. */
  describe?(input: Input, output: Output | undefined): string;
}

/** The history is not linearizable. */
export interface Violation<Input, Output> {
  readonly kind: "violation";
  readonly part: string;
  /** The number of operations in the part. */
  readonly operations: number;
  /**
   * The operations, in order of invocation, that contradict each other whatever happened to the
   * part's others: even if each of those either took effect as it was answered or never did.
   * Without any one of them no contradiction was found.
   */
  readonly smallest: readonly Operation<Input, Output>[];
  /**
   * Others that could by themselves make one of these answers possible, but don't explain all of
   * them together.
   */
  readonly related: readonly Operation<Input, Output>[];
}

export type Verdict<Input, Output> =
  | { readonly kind: "ok"; readonly operations: number }
  | Violation<Input, Output>
  /** The limit was reached first. Counts as a failure: nothing was proven. */
  | { readonly kind: "undecided"; readonly part: string; readonly steps: number };

export interface CheckOptions {
  /**
   * How many states are tried for one part before it is called undecided: a whole number from 1.
   * Default 5 million, some seconds.
   */
  readonly maxSteps?: number;
}
