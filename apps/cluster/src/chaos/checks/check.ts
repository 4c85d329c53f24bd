// One line of the verdict.

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found; the first line says the most. */
  readonly detail: string;
}

const SHOWN = 5;

/** A few lines of many. */
export function some(lines: readonly string[]): string {
  return [
    ...lines.slice(0, SHOWN),
    ...(lines.length > SHOWN ? [`and ${lines.length - SHOWN} more`] : []),
  ].join("\n");
}
