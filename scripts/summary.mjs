// The last line of a test run. It must never call a run good that proved nothing: no test passed,
// or the runner itself failed.

/** @typedef {{ passed: number; failed: number; skipped: number }} Counts */

/**
 * @param {Counts | undefined} counted what the reporter saw; undefined when the runner died before
 * it could say
 * @param {number} status the runner's exit status
 * @returns {Counts}
 */
export function finalCounts(counted, status) {
  const { passed, failed, skipped } = counted ?? { passed: 0, failed: 0, skipped: 0 };
  const unexplained = failed === 0 && (status !== 0 || passed === 0);
  return { passed, failed: unexplained ? 1 : failed, skipped };
}

/** @param {Counts} counts */
export function summaryLines({ passed, failed, skipped }) {
  return `${skipped > 0 ? `${skipped} skipped\n` : ""}${passed} passed, ${failed} failed`;
}
