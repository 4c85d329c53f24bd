// An operator's commands for the cluster as a whole, one at a time. A command that fails leaves
// nothing behind, or says what.
import { add, remove, replace } from "./member-changes.js";
import { whoCanBeAsked } from "./member-host.js";
import type { MemberHost } from "./member-host.js";
import type { Say } from "./member-progress.js";
import { askTransfer } from "./node-requests.js";
import type { Transferred } from "./node-requests.js";
import { OneAtATime } from "./one-at-a-time.js";
import { rollingRestart } from "./rolling-restart.js";
import { wipe } from "./wipe.js";

/**
 * Each reports its steps, and returns a line with its result.
 * @throws {ClusterError} `IN_PROGRESS`: another one is under way
 */
export interface MemberCommands {
  /** The one that is under way, and its last step. */
  readonly underWay: string | null;
  add(say: Say): Promise<string>;
  remove(id: string, say: Say): Promise<string>;
  replace(id: string, say: Say): Promise<string>;
  /** The node loses its disk, and comes back with an empty one. */
  wipe(id: string, say: Say): Promise<string>;
  rollingRestart(say: Say): Promise<string>;
  /** @param to null: the voter with the most complete log */
  transfer(to: string | null): Promise<Transferred>;
}

export function createMemberCommands(host: MemberHost): MemberCommands {
  const commands = new OneAtATime();
  return {
    get underWay() {
      return commands.underWay;
    },
    add: (say) => commands.run("add", say, (tell) => add(host, tell)),
    remove: (id, say) => commands.run(`remove ${id}`, say, (tell) => remove(host, id, tell)),
    replace: (id, say) => commands.run(`replace ${id}`, say, (tell) => replace(host, id, tell)),
    wipe: (id, say) => commands.run(`wipe ${id}`, say, (tell) => wipe(host, id, tell)),
    rollingRestart: (say) =>
      commands.run("rolling-restart", say, (tell) =>
        rollingRestart(host.supervisor, tell, host.signal),
      ),
    transfer: (to) =>
      commands.run(
        "transfer",
        () => {},
        async () => askTransfer(await whoCanBeAsked(host), to),
      ),
  };
}
