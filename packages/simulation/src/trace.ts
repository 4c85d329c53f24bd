// The events of a simulation, as lines and as one hash: the same seed must always give the same
// hash. It keeps only the latest lines, for the message of a failure.

export interface Trace {
  /**
   * @param detail what to print besides; not part of the hash, and asked for only when the line is
   * printed
   */
  record(at: number, line: string, detail?: () => string): void;
  /** Sixteen hexadecimal digits over all lines so far. */
  hash(): string;
  /** The latest lines, oldest first. */
  lines(): readonly string[];
}

/** @param keep how many lines are kept for printing */
export function createTrace(keep = 60): Trace {
  let kept: {
    readonly at: number;
    readonly line: string;
    readonly detail: (() => string) | undefined;
  }[] = [];
  let high = 0x1b873593;
  let low = 0x811c9dc5;
  function mix(value: number): void {
    low = Math.imul(low ^ value, 0x01000193);
    high = (Math.imul(high, 0x5bd1e995) + low) ^ (high >>> 15);
  }
  return {
    record(at, line, detail) {
      // The time as a number: to write it costs more than all the rest, and few lines are ever
      // printed.
      const micros = Math.round(at * 1000);
      mix(micros | 0);
      mix(Math.floor(micros / 2 ** 32));
      for (let i = 0; i < line.length; i++) mix(line.charCodeAt(i));
      mix(line.length);
      kept.push({ at, line, detail });
      if (kept.length >= 2 * keep) kept = kept.slice(-keep);
    },
    hash: () =>
      (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0"),
    lines: () =>
      kept
        .slice(-keep)
        .map(
          ({ at, line, detail }) =>
            `${at.toFixed(3)} ${line}${detail === undefined ? "" : ` ${detail()}`}`,
        ),
  };
}

/** FNV-1a over bytes, as eight hexadecimal digits: tells frames apart in a trace. */
export function fingerprint(bytes: Uint8Array): string {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return (h >>> 0).toString(16).padStart(8, "0");
}
