// Keeps out nodes whose hello is right: earlier runs of a data directory, and senders that were
// disconnected. Its memory is limited.
import type { Sender } from "@raftkit/core";
import { Backoff } from "./backoff.js";
import type { Refusal } from "./errors.js";
import type { Settings } from "./options.js";

const REMEMBERED_MAX = 1024;
/**
 * The longest time for which a disconnected sender is kept out: this many times the longest
 * reconnection pause.
 */
const PENALTY_FACTOR = 32;

interface Known {
  readonly sender: Sender;
  reason: string | undefined;
  backoff: Backoff | undefined;
  keptOutUntil: number;
}

export class Gate {
  readonly #settings: Settings;
  readonly #isMember: (sender: Sender) => boolean;
  /** The newest run of each data directory, by id and incarnation; the longest known first. */
  readonly #known = new Map<string, Known>();

  /** @param isMember who is remembered whatever strangers come */
  constructor(settings: Settings, isMember: (sender: Sender) => boolean) {
    this.#settings = settings;
    this.#isMember = isMember;
  }

  /** @returns why this sender may not come in now, or undefined */
  judge(sender: Sender): Refusal | undefined {
    const known = this.#known.get(keyOf(sender));
    if (known === undefined) return undefined;
    const { run } = known.sender;
    if (sender.run < run) {
      return {
        code: "OLD_RUN",
        message: `${sender.id} came with run ${sender.run} of its data directory, but run ${run} has spoken already; stop the older process, and never bring back an old copy of a data directory`,
      };
    }
    if (sender.run === run && known.keptOutUntil > this.#settings.clock.now()) {
      return {
        code: "BACKING_OFF",
        message: `${sender.id} was disconnected for what it sent (${known.reason ?? "the log of the node that did it says why"}) and came back too early; it may try again later`,
      };
    }
    return undefined;
  }

  /** This run of it has spoken. */
  admit(sender: Sender): void {
    const key = keyOf(sender);
    if (this.#known.get(key)?.sender.run === sender.run) return;
    this.#known.delete(key);
    this.#known.set(key, { sender, reason: undefined, backoff: undefined, keptOutUntil: 0 });
    if (this.#known.size <= REMEMBERED_MAX) return;
    let forgotten: string | undefined;
    for (const [other, known] of this.#known) {
      forgotten ??= other;
      if (this.#isMember(known.sender)) continue;
      forgotten = other;
      break;
    }
    if (forgotten !== undefined) this.#known.delete(forgotten);
  }

  /**
   * Keeps it out for a while, longer each time; its next run starts anew.
   * @param reason what it is told
   */
  punish(sender: Sender, reason: string | undefined): void {
    const known = this.#known.get(keyOf(sender));
    if (known?.sender.run !== sender.run) return;
    known.reason = reason;
    const { max } = this.#settings.reconnectMs;
    known.backoff ??= new Backoff({ min: max, max: max * PENALTY_FACTOR }, this.#settings.random);
    known.keptOutUntil = this.#settings.clock.now() + known.backoff.next();
  }
}

function keyOf({ id, incarnation }: Sender): string {
  return `${id} ${incarnation}`;
}
