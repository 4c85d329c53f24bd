// Calls wait here while no leader is known, and briefly after the leader couldn't take them,
// because it no longer leads or can't be reached. Then they are submitted to core again (decision
// 0036).
import type { Clock, NodeId } from "@raftkit/core";

/** What calls wait for: reads for a leader that can be reached, commands for one that takes them. */
export type GateReason = "noLeader" | "notSent" | "transferring";

export class LeaderGate {
  readonly #clock: Clock;
  readonly #pauseMs: number;
  readonly #transferMs: number;
  readonly #onOpen: () => void;
  readonly silentText: () => string;
  #leaderKnown = false;
  #pause: { readonly reason: GateReason; readonly cancel: () => void } | null = null;
  /** Ends the wait for the next leader. */
  #cancelTransfer: (() => void) | null = null;

  /**
   * @param pauseMs how long to wait for news after a refusal by the leader that is known
   * @param transferMs after so long a transfer has happened, or was called off
   * @param onOpen what waits may be handed to core again
   * @param silentText which voters don't answer while there is no leader
   */
  constructor(
    clock: Clock,
    pauseMs: number,
    transferMs: number,
    onOpen: () => void,
    silentText: () => string = () => "",
  ) {
    this.silentText = silentText;
    this.#clock = clock;
    this.#pauseMs = pauseMs;
    this.#transferMs = transferMs;
    this.#onOpen = onOpen;
  }

  /** Undefined while reads may pass. */
  get closedFor(): GateReason | undefined {
    return this.#leaderKnown ? this.#pause?.reason : "noLeader";
  }

  /** Undefined while commands may pass. */
  get closedForCommands(): GateReason | undefined {
    return this.closedFor ?? (this.#cancelTransfer ? "transferring" : undefined);
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

  /**
   * The leader hands its leadership on. A command that is sent to it meanwhile could be under way
   * when the next one is elected, and its outcome be unknown: they all wait until that is over.
   */
  onTransferring(): void {
    if (!this.#leaderKnown || this.#cancelTransfer) return;
    this.#cancelTransfer = this.#clock.schedule(this.#clock.now() + this.#transferMs, () =>
      this.onTransferCalledOff(),
    );
  }

  /** It leads on. */
  onTransferCalledOff(): void {
    if (!this.#cancelTransfer) return;
    this.#cancelTransfer();
    this.#cancelTransfer = null;
    this.#onOpen();
  }

  stop(): void {
    this.#pause?.cancel();
    this.#pause = null;
    this.#cancelTransfer?.();
    this.#cancelTransfer = null;
  }
}
