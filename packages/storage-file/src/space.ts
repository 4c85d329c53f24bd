// Whether the disk has room beyond what the log already has. While it has none, this is checked
// again after a pause.

/** The disk, or what this user may have of it, is full. */
const NO_SPACE: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);
const PAUSE_MS_MIN = 1_000;
const PAUSE_MS_MAX = 30_000;

/** Runs something once after so many milliseconds. @returns cancels it */
export type Schedule = (ms: number, run: () => void) => () => void;

/** A process that has nothing else to do ends, though space is looked for. */
export const systemSchedule: Schedule = (ms, run) => {
  const timer = setTimeout(run, ms);
  timer.unref();
  return () => clearTimeout(timer);
};

export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && "code" in error && NO_SPACE.has(error.code);
}

export class Space {
  readonly #schedule: Schedule;
  readonly #onChange: (isShort: boolean) => void;
  #isShort = false;
  #pauseMs = PAUSE_MS_MIN;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(schedule: Schedule, onChange: (isShort: boolean) => void) {
    this.#schedule = schedule;
    this.#onChange = onChange;
  }

  get isShort(): boolean {
    return this.#isShort;
  }

  /** None was found. Calls `again` after a pause, each longer than the one before. */
  ended(again: () => void): void {
    if (this.#stopped) return;
    this.#cancel?.();
    this.#cancel = this.#schedule(this.#pauseMs, again);
    this.#pauseMs = Math.min(2 * this.#pauseMs, PAUSE_MS_MAX);
    this.#become(true);
  }

  found(): void {
    if (this.#stopped) return;
    this.#cancel?.();
    this.#pauseMs = PAUSE_MS_MIN;
    this.#become(false);
  }

  /** Nothing is said or looked for any more. */
  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  #become(isShort: boolean): void {
    if (this.#isShort === isShort) return;
    this.#isShort = isShort;
    this.#onChange(isShort);
  }
}
