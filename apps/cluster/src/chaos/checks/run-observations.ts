// What a run has to satisfy that only whoever watched it can know: processes, leaders, answers,
// faults, and the end.
import { some } from "./check.js";
import type { Check } from "./check.js";
import { nodeName } from "../faults/fault-names.js";
import { FAULT_KINDS } from "../faults/schedule.js";
import type { FaultKind } from "../faults/schedule.js";
import type { SnapshotCounts } from "../processes/snapshot-counts.js";
import type { SessionCounts } from "../workload/sender.js";

/**
 * From the last healing until every node must serve again. Elections take less than a second; a
 * busy machine takes longer.
 */
export const RECOVERY_TIMEOUT_MS = 20_000;

/** Within so long nodes are down for seconds, again and again, every one of them at least once. */
const EXERCISED_AFTER_S = 45;

export interface RunObservations {
  /** From the last healing until every node had acknowledged a write; undefined: not in time. */
  readonly recoveryMs: number | undefined;
  /** Nodes by number from 0 that had not by then. */
  readonly unserved: readonly number[];
  /** What went wrong with processes. */
  readonly processErrors: readonly string[];
  /** Terms with two leaders. */
  readonly termsWithTwoLeaders: readonly string[];
  /** Terms with a leader. */
  readonly leadershipTerms: number;
  /** Answers that no server should give. */
  readonly wrong: readonly string[];
  readonly planned: readonly FaultKind[];
  /** What took effect. */
  readonly effective: readonly FaultKind[];
}

export function checkObservations({
  recoveryMs,
  unserved,
  processErrors,
  termsWithTwoLeaders,
  leadershipTerms,
  wrong,
  planned,
  effective,
}: RunObservations): Check[] {
  const missed = [...new Set(planned)].filter((kind) => !effective.includes(kind));
  const check = (name: string, failures: readonly string[], detail: string): Check => ({
    name,
    ok: failures.length === 0,
    detail: failures.length === 0 ? detail : some(failures),
  });
  return [
    check(
      "serves again",
      recoveryMs === undefined
        ? [
            `${unserved.map(nodeName).join(", ")} acknowledged no write within ${RECOVERY_TIMEOUT_MS} ms of the last healing`,
          ]
        : [],
      `every node, ${Math.round(recoveryMs ?? 0)} ms after the last healing`,
    ),
    check(
      "one leader per term",
      termsWithTwoLeaders,
      `leaders seen in ${leadershipTerms} terms, never two in one`,
    ),
    check(
      "no unexpected process exits",
      processErrors,
      "none ended by itself, each came back, wiped ones were refused",
    ),
    check("no unexpected answers", wrong, "only answers that the API defines"),
    check(
      "every planned kind of fault took effect",
      missed.map(
        (kind) => `${kind}: not carried out, or without effect; nothing is shown about it`,
      ),
      `${new Set(effective).size} of ${FAULT_KINDS.length} kinds, ${effective.length} faults${new Set(planned).size < FAULT_KINDS.length ? "; a run of 120 s has every kind" : ""}`,
    ),
  ];
}

/** A repeat that was executed shows in the history and in the watches, too. */
export function checkSessions({
  opened,
  writes,
  repeats,
  answeredRepeats,
  disagreements,
}: SessionCounts): Check {
  return {
    name: "session writes once",
    ok: disagreements.length === 0 && answeredRepeats > 0,
    detail:
      disagreements.length === 0
        ? `${writes} writes in ${opened} sessions, ${repeats} sent again; ${answeredRepeats} repeats were answered${answeredRepeats > 0 ? ", each as the first time" : ": nothing was shown"}`
        : some(disagreements),
  };
}

/**
 * Whether the run had what it is there to try.
 * @param resumptions of watches @param seconds how long the load went on
 */
export function checkExercised(
  { saved, installed }: SnapshotCounts,
  resumptions: number,
  seconds: number,
): Check {
  const isLong = seconds >= EXERCISED_AFTER_S;
  const needed = isLong ? "" : `; a run of ${EXERCISED_AFTER_S} s needs some of each`;
  return {
    name: "snapshots and resumptions",
    ok: !isLong || Math.min(saved, installed, resumptions) > 0,
    detail: `${saved} snapshots saved, ${installed} installed, watches resumed ${resumptions} times${needed}`,
  };
}
