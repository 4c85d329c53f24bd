// One change of the cluster at a time: whoever comes second is refused, and told what is under way.
// Two that each leave a majority may leave none together.
import { ClusterError } from "../errors.js";
import type { Say } from "./member-progress.js";

export class OneAtATime {
  #underWay: { readonly what: string; last: string } | undefined;

  /** What it is, and its last step; null: nothing is. */
  get underWay(): string | null {
    if (!this.#underWay) return null;
    const { what, last } = this.#underWay;
    return `${what}${last === "" ? "" : `: ${last}`}`;
  }

  /**
   * @param what is done, as a noun: `add`, `wipe of n2`
   * @param work is given where to report its steps
   * @throws {ClusterError} `IN_PROGRESS`: another one is under way, and nothing was done
   */
  async run<T>(what: string, say: Say, work: (say: Say) => Promise<T>): Promise<T> {
    if (this.#underWay) {
      const { what: other, last } = this.#underWay;
      throw new ClusterError(
        "IN_PROGRESS",
        `another command is under way: ${other}${last === "" ? "" : ` (${last})`}; nothing was done: repeat the command once that one is over`,
        { status: 409 },
      );
    }
    const own = { what, last: "" };
    this.#underWay = own;
    try {
      return await work((line) => {
        own.last = line;
        say(line);
      });
    } finally {
      this.#underWay = undefined;
    }
  }
}
