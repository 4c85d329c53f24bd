// Writes that clients ask for over HTTP in one turn of the event loop: proposed by one call, each as
// an entry of its own. A call for each would cost a fifth of a put.
import { RaftkitError } from "@raftkit/core";
import type { Index } from "@raftkit/core";
import type { KvWriteCommand, KvWriteResult } from "@raftkit/kv";
import type { CallOptions, Outcome } from "raftkit";
import { Gathering } from "./gathering.js";

type ProposeAll = (
  commands: readonly KvWriteCommand[],
) => Promise<readonly Outcome<KvWriteResult>[]>;

interface Write {
  readonly command: KvWriteCommand;
  readonly onIndex: ((index: Index) => void) | undefined;
  readonly resolve: (result: KvWriteResult) => void;
  readonly reject: (error: unknown) => void;
}

export class GatheredWrites {
  readonly #proposeAll: ProposeAll;
  readonly #gathering: Gathering = new Gathering(() => void this.#send());
  #waiting: Write[] = [];

  constructor(proposeAll: ProposeAll) {
    this.#proposeAll = proposeAll;
  }

  /**
   * For a write without a condition: one that fails says at which index, which the call for all of
   * them doesn't tell. It isn't aborted: others are proposed with it.
   */
  propose(command: KvWriteCommand, onIndex: CallOptions["onIndex"]): Promise<KvWriteResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, onIndex, resolve, reject });
      this.#gathering.asked();
    });
  }

  async #send(): Promise<void> {
    const writes = this.#waiting;
    if (writes.length === 0) return;
    this.#waiting = [];
    try {
      const outcomes = await this.#proposeAll(writes.map(({ command }) => command));
      for (const [i, write] of writes.entries()) settle(write, outcomes[i]);
    } catch (error) {
      for (const { reject } of writes) reject(error);
    }
  }
}

function settle(
  { onIndex, resolve, reject }: Write,
  outcome: Outcome<KvWriteResult> | undefined,
): void {
  if (outcome === undefined || outcome instanceof RaftkitError) return reject(outcome);
  if (outcome.ok) onIndex?.(outcome.index);
  resolve(outcome);
}
