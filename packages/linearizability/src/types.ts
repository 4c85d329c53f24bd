// What a history is, and what is said about it. Types only; nothing here knows of Raft.

/** One call of one client. Times come from one clock, in any unit; only their order counts. */
export interface Operation<Input, Output> {
  /** Who called: a client has at most one operation open at a time, for ever after one whose outcome is unknown. */
  readonly client: string;
  /** When the call began. */
  readonly invoked: number;
  /** When its answer came in; not before `invoked`. `Infinity`: none came, so it may take effect at any time later, or never. */
  readonly completed: number;
  readonly input: Input;
  /** What the answer was; without meaning while `completed` is `Infinity`. */
  readonly output?: Output;
}

/** How the system should behave if it did one thing at a time. States are never changed in place. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * What the system may be after this operation: the states in which it answers `output`. An empty list: it can't answer
   * that. `output` is undefined for an unknown outcome: then every state that it may leave.
   */
  step(state: State, input: Input, output: Output | undefined): readonly State[];
  /** Two states with the same text are the same. */
  key(state: State): string;
  /** Operations of different parts don't influence each other and are checked apart (locality; Herlihy and Wing 1990, §3.1). Default: one part. */
  partition?(input: Input): string;
  /** For the report. Default: JSON. */
  describe?(input: Input, output: Output | undefined): string;
}

export type Verdict<Input, Output> =
  | { readonly kind: "ok"; readonly operations: number }
  /** No order explains `smallest`, and every proper part of it that was tried can be explained. */
  | { readonly kind: "violation"; readonly part: string; readonly smallest: readonly Operation<Input, Output>[] }
  /** The bound was reached first. Counts as a failure: nothing was proven. */
  | { readonly kind: "undecided"; readonly part: string; readonly steps: number };

export interface CheckOptions {
  /** How many states are tried for one part before it is called undecided. Default 5 million. */
  readonly maxSteps?: number;
}
