// After everything healed: the cluster must elect, agree, and answer a write and a read on every
// node that still can. It gives up nothing by itself; whoever runs it sets the bound.
import type { Member } from "@raftkit/core";
import type { VirtualTime } from "@raftkit/simulation";
import type { Clients } from "./clients.js";
import type { Computer } from "./computer.js";
import type { View } from "./view.js";
import type { World } from "./world.js";

export interface Liveness {
  /** Everything that is asked for has come about. */
  readonly done: boolean;
  /** What is still missing, in words. */
  missing(): string;
}

const AGAIN_MS = 20;

export function createLiveness(
  time: VirtualTime,
  world: World,
  view: View,
  clients: Clients,
  /** Whoever isn't may be no member. */
  isAsked: (computer: Computer) => boolean,
): Liveness {
  const wrote = new Set<Computer>();
  const read = new Set<Computer>();

  const votersNow = (): readonly Member[] => view.leader()?.status?.configuration?.voters ?? [];
  const isNamed = (computer: Computer): boolean => votersNow().some(({ id }) => id === computer.id);

  /** Those that the configuration names, by the data directory that they have. */
  function members(): readonly Computer[] {
    const voters = votersNow();
    return world.computers.filter(
      (computer) =>
        !world.excluded.has(computer) &&
        voters.some(
          ({ id, incarnation }) =>
            id === computer.id && incarnation === computer.status?.incarnation,
        ),
    );
  }

  function ask(computer: Computer): void {
    const op = wrote.has(computer) ? "get" : "put";
    const key = `live-${computer.id}`;
    const again = (): void => {
      time.at(time.now() + AGAIN_MS, () => ask(computer));
    };
    // Each try is a client of its own: an earlier one may still be without an answer.
    void clients
      .call(
        `live-${computer.id}-${Math.round(time.now())}`,
        computer,
        op === "get" ? { op, key } : { op, key, value: `${key}-${Math.round(time.now())}` },
        { timeoutMs: 400 },
      )
      .then((end) => {
        if (end !== "answered") again();
        else if (op === "get") read.add(computer);
        else {
          wrote.add(computer);
          ask(computer);
        }
      });
  }
  for (const computer of world.computers) {
    if (!world.excluded.has(computer) && isAsked(computer)) ask(computer);
  }

  const behind = (): readonly Computer[] => {
    const last = view.leader()?.status?.lastIndex ?? Infinity;
    return members().filter(({ status }) => status?.lastApplied !== last);
  };
  /** Who must take part: all that are to be members, but those that lost their disks. */
  const absent = (): readonly Computer[] =>
    world.computers.filter(
      (computer) => !world.lost.has(computer) && isNamed(computer) && !members().includes(computer),
    );

  return {
    get done() {
      return (
        view.leader() !== undefined &&
        members().length > 0 &&
        members().every((computer) => read.has(computer)) &&
        absent().length === 0 &&
        behind().length === 0
      );
    },
    missing() {
      const leader = view.leader();
      const names = (computers: readonly Computer[]): string =>
        computers.map(({ id }) => id).join(", ") || "none";
      return leader === undefined
        ? "no leader"
        : `leader ${leader.id}; absent: ${names(absent())}; behind: ${names(behind())}; no write: ${names(members().filter((computer) => !wrote.has(computer)))}; no read: ${names(members().filter((computer) => !read.has(computer)))}`;
    },
  };
}
