// Time without a leader, seen by an operator: which voters don't answer is told, soon and then now
// and then. Before a configuration is known, start-watch.ts speaks.
import type { Clock, NodeId, Peer } from "@raftkit/core";

/** A voter that isn't heard for so many election timeouts is silent: a candidate asks in each. */
const SILENT_ELECTIONS = 4;
/** The first warning comes after these milliseconds, or once a voter can be silent. */
const WARN_MS = 5000;
/** The next warnings, in multiples of that time; the last of them again and again. */
const REPEATS = [1, 3, 12];

export class LeaderWatch {
  readonly #clock: Clock;
  readonly #warn: (silent: readonly Peer[], message: string) => void;
  #silentMs = 0;
  #self: NodeId = "";
  #peers: readonly Peer[] = [];
  #since = 0;
  /** Only while there is no leader. */
  readonly #heardAt = new Map<NodeId, number>();
  #leaderKnown = false;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, warn: (silent: readonly Peer[], message: string) => void) {
    this.#clock = clock;
    this.#warn = warn;
  }

  start(self: NodeId, electionTimeoutMaxMs: number): void {
    this.#self = self;
    this.#silentMs = SILENT_ELECTIONS * electionTimeoutMaxMs;
    this.#since = this.#clock.now();
  }

  voters(voters: readonly Peer[]): void {
    this.#peers = voters.filter(({ id }) => id !== this.#self);
    if (!this.#leaderKnown && !this.#cancel) this.#schedule(0);
  }

  role(leaderId: NodeId | null): void {
    const wasKnown = this.#leaderKnown;
    this.#leaderKnown = leaderId !== null;
    if (this.#leaderKnown) this.stop();
    else if (wasKnown) {
      this.#heardAt.clear();
      this.#since = this.#clock.now();
      this.#schedule(0);
    }
  }

  heard(id: NodeId): void {
    if (this.#leaderKnown || !this.#peers.some((peer) => peer.id === id)) return;
    this.#heardAt.set(id, this.#clock.now());
  }

  /** Which voters aren't heard while there is no leader, as the end of a sentence; or "". */
  get silentText(): string {
    const silent = this.#leaderKnown ? [] : this.#silent();
    return silent.length === 0 ? "" : `; ${textOf(silent)}`;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #silent(): readonly Peer[] {
    const now = this.#clock.now();
    return this.#peers.filter(
      ({ id }) => now - (this.#heardAt.get(id) ?? this.#since) >= this.#silentMs,
    );
  }

  #schedule(round: number): void {
    if (this.#peers.length === 0) return;
    const delayMs =
      (REPEATS[Math.min(round, REPEATS.length - 1)] ?? 1) * Math.max(WARN_MS, this.#silentMs);
    this.#cancel = this.#clock.schedule(this.#clock.now() + delayMs, () => {
      const seconds = Math.round((this.#clock.now() - this.#since) / 1000);
      const silent = this.#silent();
      const why = silent.length === 0 ? "every other voter answers" : textOf(silent);
      this.#warn(silent, `no leader for ${seconds} s; ${why}`);
      this.#schedule(round + 1);
    });
  }
}

function textOf(silent: readonly Peer[]): string {
  return `${silent.map(({ id, address }) => `${id} at ${address}`).join(" and ")} didn't answer`;
}
