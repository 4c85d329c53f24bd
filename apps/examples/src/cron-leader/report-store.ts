// What the job changes: something outside of the cluster, which any leader can reach, also one that
// doesn't know yet that it leads no more. It keeps the largest token that it has seen.

export interface Report {
  readonly token: number;
  readonly total: number;
}

export interface ReportStore {
  readonly reports: readonly Report[];
  /** @throws {StaleToken} a later leader has written already */
  write(report: Report): void;
}

export class StaleToken extends Error {
  constructor(token: number, largest: number) {
    super(`token ${token} is from an earlier leadership: ${largest} has been here`);
    this.name = "StaleToken";
  }
}

export function createReportStore(): ReportStore {
  const reports: Report[] = [];
  let largest = 0;
  return {
    reports,
    write(report) {
      if (report.token < largest) throw new StaleToken(report.token, largest);
      largest = report.token;
      reports.push(report);
    },
  };
}
