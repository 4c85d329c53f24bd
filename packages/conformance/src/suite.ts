// What a suite is: plain data, which needs no test runner. The suites themselves, and what runs
// them, live beside this.

/** One thing that an implementation must do. */
export interface Case<Subject> {
  /** Never changes and is never given to another case: `STORAGE-07`. */
  readonly id: string;
  /** What must hold, as a sentence about the implementation. */
  readonly title: string;
  /**
   * What breaks otherwise: a property of the Raft paper's Figure 3, Linearizability or
   * Availability; behind it where the extended paper or the thesis has it, and why. Incidents
   * elsewhere are named by repository and issue.
   */
  readonly rule: string;
  /**
   * The cases that this one builds on: when one of them failed or was blocked, this one says
   * nothing and is blocked. Earlier in the suite.
   */
  readonly requires: readonly string[];
  /**
   * What the implementation must be able to do for the case to make sense; a suite lists what there
   * is.
   */
  readonly capabilities: readonly string[];
  /**
   * Throws when the implementation is wrong, with what was expected and what came. `subject` is
   * fresh and is disposed of afterwards; so is what `another` creates.
   * @param progress as for `Target.create`, for cases that know better than their target
   */
  run(
    subject: Subject,
    another: () => Promise<Subject>,
    progress: (what?: string) => void,
  ): Promise<void>;
}

/** In the order in which they run. */
export type Suite<Subject> = readonly Case<Subject>[];

/** What is put to the test. */
export interface Target<Subject> {
  /** How the report calls it. */
  readonly name: string;
  /** What it can do of what the suite's cases ask for. */
  readonly capabilities: readonly string[];
  /**
   * A fresh instance, which shares nothing with earlier ones.
   * @param progress to be called whenever the implementation got something done: a case runs into
   * its time-out only when that long nothing was. So a slow implementation has the time that it
   * needs. Need not be used. What came to pass, if it is said, is told when a time-out follows.
   */
  create(progress?: (what?: string) => void): Promise<Subject> | Subject;
  /** Lets go of everything. Called once for each `create`, also after a failure. */
  dispose?(subject: Subject): Promise<void> | void;
}

export type CaseResult = {
  readonly id: string;
  readonly title: string;
  readonly rule: string;
} & (
  | { readonly outcome: "passed" }
  | { readonly outcome: "failed"; readonly error: Error }
  /** A case that it builds on didn't pass. */
  | { readonly outcome: "blocked"; readonly by: string }
  /** The target doesn't have this capability. */
  | { readonly outcome: "skipped"; readonly missing: string }
);
