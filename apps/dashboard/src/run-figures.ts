// What the charts of a chaos run's report are drawn from. Types only.

export interface RunFigures {
  readonly durationMs: number;
  /** How much of the width of the report's other pictures is left free beside their time. */
  readonly left: number;
  readonly right: number;
  readonly seconds: readonly RunSecond[];
  /** Times without an acknowledged write. */
  readonly outages: readonly { readonly fromMs: number; readonly toMs: number }[];
}

export interface RunSecond {
  readonly counts: Readonly<Record<"done" | "refused" | "unknown" | "wrong", number>>;
  /** Of what was answered; null where nothing was. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}
