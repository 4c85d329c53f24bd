// The operator of a run: repeats commands until they are done, as operators do, and looks at who is
// a member before he chooses anybody.
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../../errors.js";
import type { NodePlace } from "../../supervisor/layout.js";
import { createMemberCommands } from "../../supervisor/member-commands.js";
import type { MemberCommands } from "../../supervisor/member-commands.js";
import { whoCanBeAsked } from "../../supervisor/member-host.js";
import type { MemberHost, Unfinished } from "../../supervisor/member-host.js";
import { askMembers } from "../../supervisor/member-requests.js";
import type { Fleet } from "../processes/fleet.js";

const RETRY_MS = 150;
const nothing = (): void => {};

export type Attempt<T> =
  | { readonly done: T; readonly tries: number }
  /** Why it wasn't possible the last time. */
  | { readonly failed: string; readonly tries: number };

export class Operator {
  readonly commands: MemberCommands;
  readonly host: MemberHost;
  readonly #signal: AbortSignal;

  constructor(fleet: Fleet, places: readonly NodePlace[], signal: AbortSignal) {
    let unfinished: Unfinished | undefined;
    this.#signal = signal;
    this.host = {
      supervisor: fleet.supervisor,
      record: {
        get unfinished() {
          return unfinished;
        },
        keep: (_members, left) => void (unfinished = left),
      },
      placeOf(number) {
        const place = places[number - 1];
        if (!place) throw new ClusterError("UNKNOWN_NODE", `there is no node ${number}`);
        return place;
      },
      firstNew: 1,
      signal,
    };
    this.commands = createMemberCommands(this.host);
  }

  /** Again and again, for so long. @throws when aborted, and what isn't a refusal */
  async insist<T>(work: () => Promise<T>, forMs: number): Promise<Attempt<T>> {
    const until = performance.now() + forMs;
    for (let tries = 1; ; tries++) {
      try {
        return { done: await work(), tries };
      } catch (error) {
        this.#signal.throwIfAborted();
        if (!(error instanceof ClusterError)) throw error;
        if (performance.now() > until) return { failed: error.message, tries };
        await sleep(RETRY_MS, undefined, { signal: this.#signal });
      }
    }
  }

  /**
   * Finishes what has no known end yet, by repeating it.
   * @returns why not; undefined: all is done
   */
  async finish(forMs: number): Promise<string | undefined> {
    const { record } = this.host;
    const { commands } = this;
    const repeat = async (): Promise<void> => {
      const { unfinished } = record;
      if (!unfinished) return;
      const node = unfinished.node ?? "";
      if (unfinished.command === "add") await commands.add(nothing);
      else await commands[unfinished.command](node, nothing);
    };
    // What is refused for good has been cleaned up by that, and is done, too.
    const attempt = await this.insist(
      () =>
        repeat().catch((error: unknown) => {
          if (record.unfinished) throw error;
        }),
      forMs,
    );
    return "failed" in attempt ? attempt.failed : undefined;
  }

  /** Numbers from 0 of the voters, as far as the leader, or another node, knows. */
  async voters(): Promise<readonly number[]> {
    const { members } = await askMembers(await whoCanBeAsked(this.host));
    return members.flatMap(({ id, role }) => (role === "voter" ? [Number(id.slice(1)) - 1] : []));
  }
}
