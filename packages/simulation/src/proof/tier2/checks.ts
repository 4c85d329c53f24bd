// What must hold at every moment of a run. Told of each picture of a node and of each entry that a machine was given.
import type { Kv, KvCommand } from "@raftkit/kv";
import { createInvariants } from "../../invariants.js";
import type { Computer } from "./computer.js";

export interface Checks {
  status(computer: Computer): void;
  restarted(computer: Computer): void;
  applied(computer: Computer, index: number, term: number, command: KvCommand, machine: Kv): void;
}

const HASH_EVERY = 64;

/** @param broken told of what doesn't hold */
export function createChecks(computers: () => readonly Computer[], lost: () => ReadonlySet<Computer>, broken: (check: string, message: string) => void): Checks {
  const invariants = createInvariants();
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
    applied(computer, index, term, command, machine) {
      guarded(() => invariants.applied(computer.id, index, term, JSON.stringify(command, (_, value: unknown) => value instanceof Uint8Array ? [...value] : value)));
      if (index % HASH_EVERY !== 0) return;
      const hash = machine.hash();
      const expected = hashes.get(index) ?? hash;
      hashes.set(index, expected);
      if (hash !== expected) broken("stateHashes", `${computer.id} has another state than others after applying ${index}`);
    },
  };
}
