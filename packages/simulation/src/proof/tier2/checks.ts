// What must hold at every moment of a run. Told of each picture of a node and of each entry that a machine was given.
import type { Kv } from "@raftkit/kv";
import { createInvariants } from "../../invariants.js";
import type { Computer } from "./computer.js";

export interface Checks {
  status(computer: Computer): void;
  restarted(computer: Computer): void;
  applied(computer: Computer, index: number, machine: Kv): void;
}

const HASH_EVERY = 64;

/** @param broken told of what doesn't hold */
export function createChecks(computers: () => readonly Computer[], lost: () => ReadonlySet<Computer>, broken: (check: string, message: string) => void): Checks {
  const invariants = createInvariants();
  const applied = new Map<number, string>();
  const hashes = new Map<number, string>();
  let committed = 0;

  function guarded(check: () => void): void {
    try {
      check();
    } catch (error) {
      broken("invariants", error instanceof Error ? error.message : String(error));
    }
  }

  return {
    status(computer) {
      const { status } = computer;
      if (status === undefined) return;
      guarded(() => invariants.check(status));
      if (status.commitIndex <= committed) return;
      committed = status.commitIndex;
      const term = computer.disk.durable.entry(committed)?.term;
      const holders = computers().filter((other) => lost().has(other) || other.disk.durable.entry(committed)?.term !== undefined && (term === undefined || other.disk.durable.entry(committed)?.term === term));
      if (2 * holders.length <= computers().length) broken("commitOnQuorum", `${computer.id} calls ${committed} committed, which is on the disks of ${holders.map(({ id }) => id).join(", ") || "nobody"} only`);
    },
    restarted: (computer) => invariants.restarted(computer.id, computer.disk.durable.hardState.currentTerm),
    applied(computer, index, machine) {
      const entry = computer.disk.durable.entry(index);
      const found = `${index}/${entry?.term} ${entry?.fingerprint}`;
      const expected = applied.get(index) ?? found;
      applied.set(index, expected);
      if (found !== expected) broken("stateMachineSafety", `${computer.id} applied ${found} where another node applied ${expected}`);
      if (index % HASH_EVERY !== 0) return;
      const hash = machine.hash();
      const other = hashes.get(index) ?? hash;
      hashes.set(index, other);
      if (hash !== other) broken("stateHashes", `${computer.id} has another state than others after applying ${index}`);
    },
  };
}
