// What happened in a simulation, as lines and as one hash: the same seed must give the same hash, always.
// It keeps the latest lines only, for the message of a failure.

export interface Trace {
  /** @param detail what to print besides; not part of the hash, and asked for only when the line is printed */
  record(at: number, line: string, detail?: () => string): void;
  /** Sixteen hexadecimal digits over all lines so far. */
  hash(): string;
  /** The latest lines, oldest first. */
  lines(): readonly string[];
}

/** @param keep how many lines are kept for printing */
export function createTrace(keep = 60): Trace {
  let kept: { readonly text: string; readonly detail: (() => string) | undefined }[] = [];
  let high = 0x1b873593;
  let low = 0x811c9dc5;
  return {
    record(at, line, detail) {
      const text = `${at.toFixed(3)} ${line}`;
      for (let i = 0; i < text.length; i++) {
        low = Math.imul(low ^ text.charCodeAt(i), 0x01000193);
        high = (Math.imul(high, 0x5bd1e995) + low) ^ (high >>> 15);
      }
      kept.push({ text, detail });
      if (kept.length >= 2 * keep) kept = kept.slice(-keep);
    },
    hash: () => (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0"),
    lines: () => kept.slice(-keep).map(({ text, detail }) => detail === undefined ? text : `${text} ${detail()}`),
  };
}

/** FNV-1a over bytes, as eight hexadecimal digits: tells frames apart in a trace. */
export function fingerprint(bytes: Uint8Array): string {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return (h >>> 0).toString(16).padStart(8, "0");
}
