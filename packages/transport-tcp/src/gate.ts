// Who is kept out although its hello is right: earlier runs of a data directory, and senders that
// were disconnected. What it remembers is bounded.
import type { NodeId, Sender } from "@raftkit/core";
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
  readonly incarnation: string;
  readonly run: number;
  backoff: Backoff | undefined;
  keptOutUntil: number;
}

export class Gate {
  readonly #settings: Settings;
  readonly #known = new Map<NodeId, Known>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** @returns why this sender may not come in now, or undefined */
  judge(sender: Sender): Refusal | undefined {
    const known = this.#known.get(sender.id);
    if (known === undefined || known.incarnation !== sender.incarnation) return undefined;
    if (sender.run < known.run) {
      return {
        code: "OLD_RUN",
        message: `${sender.id} came with run ${sender.run} of its data directory, but run ${known.run} has spoken already; stop the older process, and never bring back an old copy of a data directory`,
      };
    }
    if (sender.run === known.run && known.keptOutUntil > this.#settings.clock.now()) {
      return {
        code: "BACKING_OFF",
        message: `${sender.id} was disconnected for misbehaving and came back too early; it may try again later`,
      };
    }
    return undefined;
  }

  /** This run of it has spoken. */
  admit(sender: Sender): void {
    const known = this.#known.get(sender.id);
    if (known?.incarnation === sender.incarnation && known.run === sender.run) return;
    this.#known.delete(sender.id);
    this.#known.set(sender.id, {
      incarnation: sender.incarnation,
      run: sender.run,
      backoff: undefined,
      keptOutUntil: 0,
    });
    if (this.#known.size > REMEMBERED_MAX) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
  }

  /** Keeps it out for a while, longer each time; its next run starts anew. */
  punish(sender: Sender): void {
    const known = this.#known.get(sender.id);
    if (
      known === undefined ||
      known.incarnation !== sender.incarnation ||
      known.run !== sender.run
    ) {
      return;
    }
    const { max } = this.#settings.reconnectMs;
    known.backoff ??= new Backoff({ min: max, max: max * PENALTY_FACTOR }, this.#settings.random);
    known.keptOutUntil = this.#settings.clock.now() + known.backoff.next();
  }
}
