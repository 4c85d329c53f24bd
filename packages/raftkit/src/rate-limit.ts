// Limits lines that a peer or a stranger can cause, so that nobody can fill a disk with them and
// none is suppressed forever: each kind at intervals for each subject, and a few in all. The next
// line that is let through counts the suppressed ones.
import type { Clock } from "@raftkit/core";
import type { Logger } from "./api.js";

/** How long a warning about one subject isn't repeated. */
const INTERVAL_MS = 10_000;
/** Lines of one kind within that time, whatever their subjects. */
const KIND_MAX = 20;

export interface LimitedLine {
  readonly level: "debug" | "warn" | "error";
  /** One of a few. */
  readonly kind: string;
  /** Whom or what it is about; may be anything that a stranger sent. */
  readonly subject: string;
  readonly fields: object;
  readonly message: string;
}

interface Subject {
  readonly kind: string;
  readonly since: number;
  suppressed: number;
}

export class RateLimit {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, { since: number; told: number; suppressed: number }>();
  /** The oldest first; those whose time is over are dropped, so that few are ever held. */
  readonly #subjects = new Map<string, Subject>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  write({ level, kind, subject, fields, message }: LimitedLine): void {
    const now = this.#clock.now();
    this.#dropOld(now);
    const key = `${kind} ${subject}`;
    const known = this.#subjects.get(key);
    if (known) {
      known.suppressed++;
      return;
    }
    const all = this.#kind(kind, now);
    if (all.told >= KIND_MAX) {
      all.suppressed++;
      return;
    }
    all.told++;
    this.#subjects.set(key, { kind, since: now, suppressed: 0 });
    const { suppressed } = all;
    all.suppressed = 0;
    if (suppressed === 0) this.#logger[level](fields, message);
    else {
      this.#logger[level](
        { ...fields, suppressed },
        `${message} (${suppressed} lines of this kind were suppressed before)`,
      );
    }
  }

  #kind(kind: string, now: number): { since: number; told: number; suppressed: number } {
    let all = this.#kinds.get(kind);
    if (!all) {
      all = { since: now, told: 0, suppressed: 0 };
      this.#kinds.set(kind, all);
    }
    if (now - all.since >= INTERVAL_MS) {
      all.since = now;
      all.told = 0;
    }
    return all;
  }

  #dropOld(now: number): void {
    for (const [key, { kind, since, suppressed }] of this.#subjects) {
      if (now - since < INTERVAL_MS) return;
      this.#subjects.delete(key);
      this.#kind(kind, now).suppressed += suppressed;
    }
  }
}
