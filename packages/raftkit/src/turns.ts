// Steps core, and groups the steps into turns: the input of one event-loop turn is settled together
// at its end. Nothing else ticks core, and nothing steps it twice at once.
import type { Clock, Effect, Input, Raft } from "@raftkit/core";
import { ClockWatch } from "./clock-watch.js";

interface TurnSettings {
  readonly clock: Clock;
  readonly leaseDriftRate: number | undefined;
  readonly electionTimeoutMs: { readonly min: number };
}

export interface TurnHandler {
  /** Nothing is stepped any more once it is false. */
  running(): boolean;
  perform(effect: Effect): void;
  /** The calls that came in this turn become inputs. */
  endOfTurn(): void;
  /** A timer rang so late. */
  onStall(ms: number): void;
  /** An effect threw what it must not. */
  onError(error: unknown): void;
}

export class Turns {
  readonly #raft: Raft;
  readonly #clock: Clock;
  readonly #clockWatch: ClockWatch | undefined;
  readonly #stallMs: number;
  readonly #handler: TurnHandler;
  readonly #inbox: Input[] = [];
  #stepping = false;
  #turnRequested = false;
  #timer: { readonly at: number; readonly cancel: () => void } | null = null;

  constructor(
    raft: Raft,
    { clock, leaseDriftRate, electionTimeoutMs }: TurnSettings,
    handler: TurnHandler,
  ) {
    this.#raft = raft;
    this.#clock = clock;
    if (leaseDriftRate !== undefined) this.#clockWatch = new ClockWatch(clock);
    this.#stallMs = electionTimeoutMs.min / 2;
    this.#handler = handler;
  }

  /** One step of core after another: what effects bring about in return waits its turn. */
  feed(input: Input): void {
    this.#inbox.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (
        let next = this.#inbox.shift();
        next && this.#handler.running();
        next = this.#inbox.shift()
      ) {
        const now = this.#clock.now();
        if (this.#clockWatch?.hasStopped(now) === true) this.#step(now, { type: "clockStopped" });
        this.#step(now, next);
      }
    } catch (error) {
      this.#handler.onError(error);
    }
    this.#stepping = false;
    this.#arm();
  }

  #step(now: number, input: Input): void {
    for (const effect of this.#raft.step(now, input)) this.#handler.perform(effect);
  }

  /** At the end of the event-loop turn, once. */
  request(): void {
    if (this.#turnRequested) return;
    this.#turnRequested = true;
    this.#clock.defer(() => this.#endTurn());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #endTurn(): void {
    this.#turnRequested = false;
    if (!this.#handler.running()) return;
    this.#handler.endOfTurn();
    if (this.#raft.deadline <= this.#clock.now()) this.feed({ type: "tick" });
    this.#arm();
  }

  /**
   * Sees to it that core is ticked in time. A timer only asks for a turn, which comes after the
   * input that waits: so a late one hears what arrived before it starts an election (R02). One that
   * is early finds nothing to do.
   */
  #arm(): void {
    if (!this.#handler.running()) return;
    const { deadline } = this.#raft;
    if (deadline <= this.#clock.now()) {
      this.request();
      return;
    }
    if (deadline === Infinity || (this.#timer && this.#timer.at <= deadline)) return;
    this.#timer?.cancel();
    const cancel = this.#clock.schedule(deadline, () => {
      const lateMs = this.#clock.now() - deadline;
      if (lateMs >= this.#stallMs) this.#handler.onStall(lateMs);
      this.#timer = null;
      this.request();
    });
    this.#timer = { at: deadline, cancel };
  }
}
