// What somebody sees who sees the whole cluster at one moment: who plays which role, and what the
// cluster is about.
import type { Index, Term } from "@raftkit/core";
import { serversOf } from "@raftkit/core";
import type { FaultRole, Phase } from "../plans/plan.js";
import type { Computer } from "./computer.js";

export interface View {
  phase(): Phase;
  /** The node that leads in the latest term, if one does. */
  leader(): Computer | undefined;
  /**
   * A node with this role that is not kept from running: the first one, counted from another one
   * each time; one that fits, if that is asked for.
   */
  find(role: FaultRole, from: number, fits?: (computer: Computer) => boolean): Computer | undefined;
  /** Grows whenever roles or phase may have changed. */
  readonly version: number;
  /** Something of this computer ran. */
  look(computer: Computer): void;
  /** Call it once a heartbeat. */
  sample(): void;
  /** Something changed that faults wait for. */
  changed(): void;
}

export function createView(computers: readonly Computer[], excluded: ReadonlySet<Computer>): View {
  /** The leader's commit index at the last two samples: a node that lacks the older one lags. */
  let [older, newer] = [0, 0];

  function latestTerm(): Term {
    let term = 0;
    for (const { status } of computers) term = Math.max(term, status?.term ?? 0);
    return term;
  }

  function leader(): Computer | undefined {
    const term = latestTerm();
    return computers.find(({ status }) => status?.role === "leader" && status.term === term);
  }

  function committed(): Index {
    let index = 0;
    for (const { status } of computers) index = Math.max(index, status?.commitIndex ?? 0);
    return index;
  }

  let isBootstrapped = false;
  let version = 0;
  const looks = new Map<Computer, Computer["status"]>();
  return {
    get version() {
      return version;
    },
    look(computer) {
      const { status } = computer;
      const seen = looks.get(computer);
      if (
        status?.role === seen?.role &&
        status?.term === seen?.term &&
        status?.commitIndex === seen?.commitIndex
      ) {
        return;
      }
      looks.set(computer, status);
      version++;
    },
    leader,
    phase() {
      isBootstrapped ||= committed() > 0;
      if (!isBootstrapped) return "bootstrapping";
      const leading = leader();
      const status = leading?.status;
      if (
        leading === undefined ||
        status === undefined ||
        leading.disk.durable.log.term(status.commitIndex) !== status.term
      ) {
        return "electing";
      }
      const servers = status.configuration && serversOf(status.configuration);
      return computers.every(
        (computer) =>
          excluded.has(computer) ||
          servers?.every(({ id }) => id !== computer.id) === true ||
          (computer.status !== undefined &&
            !computer.process.stalled &&
            computer.status.commitIndex >= older),
      )
        ? "serving"
        : "recovering";
    },
    find(role, from, fits = () => true) {
      for (let i = 0; i < computers.length; i++) {
        const computer = computers[(from + i) % computers.length];
        if (computer?.status?.role === role && !computer.process.stalled && fits(computer)) {
          return computer;
        }
      }
      return undefined;
    },
    changed() {
      version++;
    },
    sample() {
      older = newer;
      newer = leader()?.status?.commitIndex ?? newer;
      version++;
    },
  };
}
