// What all verdicts together say: the figures, a line for each safety rule, what was not killed as
// it must be, and whether that is a failure. Pure.
import { SAFETY_RULES } from "./mutant.js";
import type { Verdict } from "./trial.js";

/** `ONLY GOLDEN`: of a safety rule. */
type State = "killed" | "golden" | "SURVIVED" | "TOO LATE" | "ONLY GOLDEN";

export function stateOf({ killer, golden, rule, seconds }: Verdict, limitMs: number): State {
  if (killer === undefined) return "SURVIVED";
  if (golden && rule !== undefined) return "ONLY GOLDEN";
  if (seconds * 1000 > limitMs) return "TOO LATE";
  return golden ? "golden" : "killed";
}

export function verdictLine(verdict: Verdict, limitMs: number): string {
  const { id, seconds, killer, detail } = verdict;
  return `${stateOf(verdict, limitMs).padEnd(11)} ${id.padEnd(18)} ${seconds.toFixed(1).padStart(5)} s  ${killer ?? detail}`;
}

export function summarize(
  verdicts: readonly Verdict[],
  {
    limitMs,
    tookMs,
    survivorsAllowed,
  }: {
    readonly limitMs: number;
    readonly tookMs: number;
    readonly survivorsAllowed: boolean;
  },
) {
  const counted = (...states: readonly State[]) =>
    verdicts.filter((verdict) => states.includes(stateOf(verdict, limitMs)));
  const wrong = counted("SURVIVED", "TOO LATE", "ONLY GOLDEN");
  const figures = {
    mutants: verdicts.length,
    killed: counted("killed", "golden").length,
    golden: counted("golden").length,
    survived: counted("SURVIVED").length,
    late: counted("TOO LATE").length,
    onlyGolden: counted("ONLY GOLDEN").length,
    slowestSeconds: verdicts.reduce((max, { seconds }) => Math.max(max, seconds), 0),
    seconds: tookMs / 1000,
  };
  const failed = wrong.length > 0 && !survivorsAllowed;
  const { mutants, killed, golden, survived, late, onlyGolden, slowestSeconds, seconds } = figures;
  const lines = [
    ...ruleLines(verdicts, limitMs),
    `${mutants} mutants: ${killed} killed, ${golden} of them by goldens alone; ${survived} survived, ${late} too late, ${onlyGolden} of a safety rule by goldens alone; the slowest took ${slowestSeconds.toFixed(1)} s, all ${seconds.toFixed(0)} s`,
    ...(failed
      ? [`failed: not killed as they must be: ${wrong.map(({ id }) => id).join(", ")}`]
      : []),
  ];
  return { figures, wrong, lines, failed };
}

function ruleLines(verdicts: readonly Verdict[], limitMs: number): string[] {
  return SAFETY_RULES.flatMap((rule) => {
    const states = verdicts
      .filter((verdict) => verdict.rule === rule)
      .map((verdict) => stateOf(verdict, limitMs));
    if (states.length === 0) return [];
    const asserted = states.filter((state) => state === "killed").length;
    const golden = states.filter((state) => state === "ONLY GOLDEN").length;
    return [
      `  ${rule.padEnd(12)} ${String(states.length).padStart(3)} mutants, ${asserted} killed by what asserts it, ${golden} by goldens alone`,
    ];
  });
}
