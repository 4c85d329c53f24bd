// Operators who hand leaderships on: to the furthest, to a named node, to one that is down, to one
// whose disk is slow. What they are told must be true.
import type { NodeId, Term } from "@raftkit/core";
import type { SeededRandom } from "@raftkit/simulation";
import { TransferFailed } from "raftkit";
import type { Coverage, TransferEnd } from "../plans/coverage.js";
import { transferCell } from "../plans/coverage.js";
import type { TransferTarget } from "../plans/plan.js";
import type { Computer } from "./computer.js";

export interface Transfers {
  /** Asks this node for one. */
  ask(computer: Computer, random: SeededRandom): void;
  /** To anybody. @returns whether it came about; never rejects */
  handOver(computer: Computer): Promise<boolean>;
  /** This leader called one off in this term. */
  hasCalledOff(computer: Computer): boolean;
  /** Something of it ran. */
  look(computer: Computer): void;
  /** What callers were told, at the end of a run. */
  check(): void;
}

const CALLED_OFF: ReadonlySet<string> = new Set(["unreachable", "behind", "notElected"]);

export function createTransfers(
  computers: readonly Computer[],
  coverage: Coverage,
  leader: () => Computer | undefined,
  asked: () => void,
  note: (line: string) => void,
  broken: (check: string, message: string) => void,
): Transfers {
  const leaders = new Map<Term, NodeId>();
  const told: { readonly by: NodeId; readonly leaderId: NodeId; readonly term: Term }[] = [];
  const calledOff = new Map<Computer, Term>();

  function begin(
    computer: Computer,
    kind: TransferTarget,
    to: NodeId | null,
    timeoutMs: number,
  ): Promise<boolean> {
    const { node } = computer;
    if (!node) return Promise.resolve(false);
    asked();
    note(`${computer.id} is asked for a transfer to ${to ?? "anybody"}`);
    const [leading, term] = [leader(), leader()?.status?.term ?? 0];
    return new Promise((resolve) => {
      const forget = computer.onEnd(() => resolve(false));
      const end = (how: TransferEnd, line: string): void => {
        forget();
        note(`${computer.id}'s transfer: ${line}`);
        coverage.countCell(transferCell(kind, how));
        resolve(how === "done");
      };
      node.transferLeadership(to, { timeoutMs }).then(
        ({ leaderId, term: inTerm }) => {
          told.push({ by: computer.id, leaderId, term: inTerm });
          if (to !== null && leaderId !== to) {
            broken(
              "transfers",
              `${computer.id} hands over to ${leaderId}, and was asked for ${to}`,
            );
          }
          end("done", `${leaderId} leads term ${inTerm}`);
        },
        (error: unknown) => {
          if (!(error instanceof TransferFailed)) {
            broken("transfers", `a transfer ended with ${String(error)}`);
          } else if (CALLED_OFF.has(error.reason)) {
            if (leading) calledOff.set(leading, term);
            end("calledOff", error.reason);
          } else end("refused", error.reason);
        },
      );
    });
  }

  function targetOf(
    asking: Computer,
    random: SeededRandom,
  ): readonly [TransferTarget, NodeId | null] {
    const voters = leader()?.status?.configuration?.voters ?? [];
    // Now and then to somebody who has no vote.
    const isAny = random.chance(0.15);
    const others = computers.filter(
      (one) =>
        one !== asking &&
        one.status?.role !== "leader" &&
        (isAny || voters.some(({ id }) => id === one.id)),
    );
    const dead = others.filter((one) => one.node === undefined || one.process.stalled);
    const slow = others.filter(({ disk }) => disk.isSlow);
    const dice = random.next();
    if (dice < 0.4 && dead.length > 0) return ["dead", random.pick(dead).id];
    if (dice < 0.7 && slow.length > 0) return ["slow", random.pick(slow).id];
    return dice < 0.8 || others.length === 0
      ? ["furthest", null]
      : ["named", random.pick(others).id];
  }

  return {
    ask(computer, random) {
      const [kind, to] = targetOf(computer, random);
      void begin(computer, kind, to, random.pick([300, 1_000]));
    },
    handOver: (computer) => begin(computer, "furthest", null, 1_000),
    hasCalledOff: (computer) =>
      calledOff.has(computer) && calledOff.get(computer) === computer.status?.term,
    look({ id, status }) {
      if (status?.role === "leader") leaders.set(status.term, id);
    },
    check() {
      for (const { by, leaderId, term } of told) {
        if (leaders.get(term) === leaderId) continue;
        broken(
          "transfers",
          `${by} says that ${leaderId} leads term ${term}, which ${leaders.get(term) ?? "nobody"} leads`,
        );
      }
    },
  };
}
