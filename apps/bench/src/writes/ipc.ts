// What the benchmark asks its server processes between measurements.

/** The number of the question; the report repeats it. */
export type BenchQuestion = number;

export interface BenchReport {
  readonly question: BenchQuestion;
  readonly role: "follower" | "candidate" | "leader" | null;
  readonly commitIndex: number;
  readonly persists: number;
  readonly messagesSent: number;
  readonly cpuUs: number;
  readonly rssBytes: number;
}
