// A run's findings for a terminal.
import { plain } from "@raftkit-app/command-line";
import type { Paint } from "@raftkit-app/command-line";
import { plainTable } from "../../plain-table.js";
import type { Check } from "../checks/check.js";
import { faultsOf } from "./report.js";
import type { ChaosReport } from "./report.js";
import { FAULT_KINDS } from "../faults/schedule.js";

export function reportText(report: ChaosReport, paint: Paint = plain): string {
  const { totals, injectedFaults, outages, network, durationMs } = report;
  const { snapshots, sessions, watches, reads } = report;
  const faults = faultsOf(report);
  const byKind = FAULT_KINDS.map(
    (kind) => [kind, faults.filter((injected) => injected.kind === kind).length] as const,
  ).filter(([, count]) => count > 0);
  const futile = injectedFaults.length - faults.length;
  const longest = Math.max(0, ...outages.map(({ fromMs, toMs }) => toMs - fromMs));
  return [
    "",
    `operations  ${totals.done} answered (${Math.round(totals.done / (durationMs / 1000))}/s), ${totals.refused} refused, ${totals.unknown} unknown${totals.wrong > 0 ? `, ${totals.wrong} WRONG` : ""}; p50 ${ms(report.p50Ms)}, p99 ${ms(report.p99Ms)}`,
    `faults      ${faults.length}: ${byKind.map(([kind, count]) => `${kind} ${count}`).join(", ")}${futile === 0 ? "" : `; ${futile} more without effect`}`,
    `links       ${network.proxies} proxies, ${bytes(network.carriedBytes)} carried, ${bytes(network.droppedBytes)} dropped, ${bytes(network.delayedBytes)} delayed, connections reset: ${network.resetConnections}`,
    `snapshots   ${snapshots.saved} saved, ${snapshots.installed} installed`,
    `sessions    ${sessions.writes} writes in ${sessions.opened} sessions, ${sessions.repeats} sent again, ${sessions.answeredRepeats} of which were answered`,
    `watches     ${watches.changes} changes, resumed ${watches.resumptions} times, listed again ${watches.lists} times`,
    `reads       ${reads.linearizable} that ask a majority, ${reads.lease} with a lease, ${reads.local} local, ${reads.atLeast} with atLeast`,
    `members     ${report.nodes} at the start, at the end ${report.members.join(", ")}`,
    `leaders     in ${report.leadershipTerms} terms`,
    `outages     ${outages.length === 0 ? "never longer than a second without an acknowledged write" : `${outages.length === 1 ? "once" : `${outages.length} times`} longer than a second without an acknowledged write, ${seconds(outages.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0))} in all, the longest ${seconds(longest)}`}`,
    "",
    checksText(report.checks, paint),
    "",
  ].join("\n");
}

export function checksText(checks: readonly Check[], paint: Paint): string {
  return plainTable(
    checks.map(({ name, ok, detail }) => [
      ok ? paint("green", "ok") : paint("red", "FAILED"),
      name,
      detail,
    ]),
  );
}

/** The last line. */
export function verdictLine(ok: boolean, checks: readonly Check[], paint: Paint = plain): string {
  if (ok) return `${paint("green", "passed:")} ${checks.length} checks`;
  const failed = checks.filter((check) => !check.ok).map(({ name }) => name);
  return `${paint("red", "FAILED:")} ${failed.join(", ")}`;
}

function ms(value: number | null): string {
  return value === null ? "-" : `${value.toFixed(1)} ms`;
}

function seconds(valueMs: number): string {
  return `${(valueMs / 1000).toFixed(1)} s`;
}

function bytes(count: number): string {
  return count < 1024 * 1024
    ? `${Math.round(count / 1024)} KiB`
    : `${(count / 1024 / 1024).toFixed(1)} MiB`;
}
