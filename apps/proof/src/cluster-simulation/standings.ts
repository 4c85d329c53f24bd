// What nodes say of themselves: by `member()`, and when they are told that they were removed. It
// must be true of a committed configuration, for the data directory that they have.
import type { Member } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import { NotMember } from "raftkit";
import type { Coverage } from "../plans/coverage.js";
import type { AskedChanges } from "./asked-changes.js";
import type { Computer } from "./computer.js";

export interface Standings {
  /** It has opened: now and then it is asked whether it is a member, now or in a while. */
  opened(computer: Computer): void;
  /** A node was told that the configuration at this index doesn't name it. */
  removed(computer: Computer, index: number): void;
}

export function createStandings(
  random: SeededRandom,
  coverage: Coverage,
  asked: AskedChanges,
  broken: (check: string, message: string) => void,
): Standings {
  return {
    opened(computer) {
      if (random.chance(0.5)) return;
      const own = memberOn(computer);
      computer.node?.member({ timeoutMs: random.pick([100, 3_000]) }).then(
        ({ role, configurationIndex }) => {
          coverage.countCell("member named");
          asked.heard({ ...own, role }, configurationIndex);
        },
        (error: unknown) => {
          coverage.countCell("member notNamed");
          if (error instanceof NotMember) return;
          broken("asked-changes", `a call of member() ended with ${String(error)}`);
        },
      );
    },
    removed(computer, index) {
      coverage.countCell("member removed");
      asked.heard({ ...memberOn(computer), role: null }, index);
    },
  };
}

function memberOn({ id, disk: { incarnation = "" } }: Computer): Member {
  return { id, incarnation };
}
