// The open sessions, in the order in which they were last used, and their stored results. Depends
// only on its inputs. A capture shares sessions with the table, which copies one before it changes
// it.
import type { Index } from "@raftkit/core";
import type { Limits } from "./options.js";
import { hashNumbers } from "./value-hash.js";

/** A command that was executed. */
export interface Kept {
  /** Of the command. */
  readonly fingerprint: number;
  /** The encoded result; none for undefined; null: it couldn't be kept. */
  readonly bytes: Uint8Array | null;
  /** Of number, command and result. */
  readonly hash: number;
}

export interface Session {
  /** The index of the command that opened it. */
  readonly id: Index;
  /** That of the last command that named it: sessions go in this order. */
  readonly usedIndex: Index;
  /** In session time. */
  readonly usedAtMs: number;
  /** No command below it is executed any more. */
  readonly lowest: number;
  /** By number: what was executed from `lowest` on. */
  readonly kept: ReadonlyMap<number, Kept>;
  /** The sum of those of `kept`. */
  readonly keptHash: number;
}

/** One moment of a table. */
export interface Capture {
  readonly timeMs: number;
  /** The least recently used first. */
  readonly sessions: readonly Session[];
}

interface OwnSession extends Session {
  usedIndex: Index;
  usedAtMs: number;
  lowest: number;
  readonly kept: Map<number, Kept>;
  keptHash: number;
  /** All of it, as it is in the table's sum. */
  hash: number;
  /** How many captures there were when it was made: later ones share it. */
  readonly captures: number;
}

export class SessionTable {
  readonly #limits: Limits;
  /** The least recently used first. */
  readonly #sessions = new Map<Index, OwnSession>();
  #timeMs = 0;
  #hash = 0;
  #captures = 0;

  constructor(limits: Limits, from: Capture = { timeMs: 0, sessions: [] }) {
    this.#limits = limits;
    this.#timeMs = from.timeMs;
    for (const session of from.sessions) this.#put(this.#own(session));
  }

  /** Of everything in it: of equal tables the same. */
  get hash(): number {
    return hashNumbers(this.#hash, this.#sessions.size, this.#timeMs);
  }

  /** Advances session time, and ends the sessions that were unused for too long. */
  pass(elapsedMs: number): void {
    if (elapsedMs === 0) return;
    this.#timeMs += elapsedMs;
    for (const session of this.#sessions.values()) {
      if (this.#timeMs - session.usedAtMs < this.#limits.expireAfterMs) return;
      this.#remove(session);
    }
  }

  /** Opens one under the index of the command; the least recently used makes room. */
  open(index: Index): void {
    for (const oldest of this.#sessions.values()) {
      if (this.#sessions.size < this.#limits.maxSessions) break;
      this.#remove(oldest);
    }
    const empty = { lowest: 1, kept: new Map<number, Kept>(), keptHash: 0 };
    this.#put(this.#own({ ...empty, id: index, usedIndex: index, usedAtMs: this.#timeMs }));
  }

  close(id: Index): void {
    const session = this.#sessions.get(id);
    if (session) this.#remove(session);
  }

  /** The session that a command at `index` names, now the most recently used one. */
  use(id: Index, index: Index): Session | undefined {
    const session = this.#take(id);
    if (!session) return undefined;
    session.usedIndex = index;
    session.usedAtMs = this.#timeMs;
    this.#put(session);
    return session;
  }

  /** Lets go of the results below `lowest`, which never falls. */
  raiseLowest(id: Index, lowest: number): void {
    if ((this.#sessions.get(id)?.lowest ?? Infinity) >= lowest) return;
    const session = this.#take(id);
    if (!session) return;
    session.lowest = lowest;
    for (const [number, kept] of session.kept) {
      if (number >= lowest) continue;
      session.kept.delete(number);
      session.keptHash = (session.keptHash - kept.hash) | 0;
    }
    this.#put(session);
  }

  keep(id: Index, number: number, kept: Kept): void {
    const session = this.#take(id);
    if (!session) return;
    session.kept.set(number, kept);
    session.keptHash = (session.keptHash + kept.hash) | 0;
    this.#put(session);
  }

  /** Costs a reference for each session. */
  capture(): Capture {
    this.#captures++;
    return { timeMs: this.#timeMs, sessions: [...this.#sessions.values()] };
  }

  /** Out of the table, to be changed and put back. */
  #take(id: Index): OwnSession | undefined {
    const session = this.#sessions.get(id);
    if (!session) return undefined;
    this.#remove(session);
    return session.captures === this.#captures ? session : this.#own(session);
  }

  #own(session: Session): OwnSession {
    return { ...session, kept: new Map(session.kept), hash: 0, captures: this.#captures };
  }

  #put(session: OwnSession): void {
    const { id, usedIndex, usedAtMs, lowest, keptHash } = session;
    session.hash = hashNumbers(id, usedIndex, usedAtMs, lowest, keptHash) | 0;
    this.#hash = (this.#hash + session.hash) | 0;
    this.#sessions.set(id, session);
  }

  #remove(session: OwnSession): void {
    this.#hash = (this.#hash - session.hash) | 0;
    this.#sessions.delete(session.id);
  }
}
