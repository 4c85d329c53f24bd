// Calls wait here while no leader is known, and for a moment after the leader couldn't take them: it
// leads no more, or can't be reached. Then they are handed to core again (decision 0036).
import type { Clock, NodeId } from "@raftkit/core";

/** What calls wait for. */
export type GateReason = "noLeader" | "notSent";

export class LeaderGate {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #onOpen: () => void;
  readonly silentText: () => string;
  #leaderKnown = false;
  #pause: { readonly reason: GateReason; readonly cancel: () => void } | null = null;

  /**
   * @param pauseMs how long to wait for news after a refusal by the leader that is known
   * @param onOpen what waits may be handed to core again
   * @param silentText which voters don't answer while there is no leader
   */
  constructor(
    clock: Clock,
    pauseMs: number,
    onOpen: () => void,
    silentText: () => string = () => "",
  ) {
    this.silentText = silentText;
    this.#clock = clock;
    this.#pauseMs = pauseMs;
    this.#onOpen = onOpen;
  }

  /** Undefined while calls may pass. */
  get closedFor(): GateReason | undefined {
    return this.#leaderKnown ? this.#pause?.reason : "noLeader";
  }

  /** News of the role, the term or the leader. */
  onRole(leaderId: NodeId | null): void {
    this.#leaderKnown = leaderId !== null;
    this.stop();
    if (this.#leaderKnown) this.#onOpen();
  }

  /** Core refused a call. Asking at once again would ask the same leader in the same term. */
  onRefused(reason: GateReason): void {
    if (!this.#leaderKnown || this.#pause) return;
    const cancel = this.#clock.schedule(this.#clock.now() + this.#pauseMs, () => {
      this.#pause = null;
      this.#onOpen();
    });
    this.#pause = { reason, cancel };
  }

  stop(): void {
    this.#pause?.cancel();
    this.#pause = null;
  }
}
