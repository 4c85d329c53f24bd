// Shows the invariants what happens on the computers: logs from the operations that nodes hand to
// their storage, disks from what the simulated disks hold, the rest from `status()` and from the
// state machines. It judges nothing itself.
import type { LogOperation } from "@raftkit/core";
import type { Kv } from "@raftkit/kv";
import { createInvariants } from "../invariants/all.js";
import type { Invariant } from "../invariants/invariant.js";
import { InvariantBroken } from "../invariants/invariant.js";
import type { NodeView } from "../invariants/view.js";
import type { Computer } from "./computer.js";
import type { CheckAnnouncedCommit } from "./announced-commits.js";
import { createAnnouncedCommitCheck } from "./announced-commits.js";
import { applyTo, copyState } from "./ledger.js";
import type { ObservedNode, View } from "./observed-node.js";
import { beginRun, createObservedNode } from "./observed-node.js";

export interface Watch {
  /** A run opened its log. */
  opened(computer: Computer): void;
  /** Its data directory is about to be emptied. */
  wiping(computer: Computer): void;
  writing(computer: Computer, operations: readonly LogOperation[]): void;
  /** More is durable. */
  durable(computer: Computer): void;
  /** Something of it ran. */
  ran(computer: Computer): void;
  applied(computer: Computer, index: number, machine: Kv): void;
  ended(computer: Computer): void;
  /** All have applied the same entries: then they have the same state. */
  compare(computers: readonly Computer[]): void;
}

/**
 * The state is hashed when an entry with such an index was applied: the same ones on every node.
 */
const HASHED_EVERY = 16;

/** @param broken told of what doesn't hold */
export function createWatch(
  maxUncommittedBytes: number,
  broken: (check: string, message: string) => void,
): Watch {
  const nodes: NodeView[] = [];
  const invariants = createInvariants({ nodes });
  const views = new Map<string, ObservedNode>();
  /** What state whoever applied so much has, by `compare`. */
  const states = new Map<number, number>();
  const checkAnnouncedCommit = createAnnouncedCommitCheck(nodes);

  function guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof InvariantBroken)) throw error;
      broken(error.check, error.message);
    }
  }

  /** A view for each data directory: what a wiped one held is not forgotten. */
  function seen(computer: Computer): ObservedNode | undefined {
    const { incarnation } = computer.disk;
    return incarnation === undefined ? undefined : views.get(incarnation);
  }

  function compareState({ id, lastApplied, stateHash }: NodeView): void {
    const known = states.get(lastApplied) ?? stateHash;
    states.set(lastApplied, known);
    if (known !== stateHash) {
      broken("state-hash", `${id} has another state than others after applying ${lastApplied}`);
    }
  }

  return {
    opened(computer) {
      const { incarnation, durable } = computer.disk;
      if (incarnation === undefined) return;
      let found = views.get(incarnation);
      if (found === undefined) {
        found = createObservedNode(computer.id, incarnation, durable);
        views.set(incarnation, found);
        nodes.push(found.view);
      }
      const { view } = found;
      beginRun(found, durable);
      guarded(() => {
        invariants.started(view);
        invariants.durable(view);
      });
    },
    wiping(computer) {
      const found = seen(computer);
      if (found !== undefined) found.view.isWiped = true;
    },
    writing(computer, operations) {
      const found = seen(computer);
      if (found === undefined) return;
      computer.changed();
      guarded(() => {
        look(found, computer, invariants, checkAnnouncedCommit);
        write(found, operations, invariants);
        measureUncommitted(found, maxUncommittedBytes, invariants);
      });
    },
    durable(computer) {
      const found = seen(computer);
      if (found === undefined) return;
      guarded(() => invariants.durable(found.view));
    },
    ran(computer) {
      const found = seen(computer);
      if (found === undefined || computer.status === undefined) return;
      const { lastApplied } = computer.status;
      guarded(() => {
        look(found, computer, invariants, checkAnnouncedCommit);
        skipTo(found.view, lastApplied, invariants);
      });
    },
    applied(computer, index, machine) {
      const found = seen(computer);
      if (found === undefined) return;
      computer.changed();
      guarded(() => {
        look(found, computer, invariants, checkAnnouncedCommit);
        skipTo(found.view, index - 1, invariants);
        // Reading the whole state takes longer than all else that happens to an entry.
        if (index % HASHED_EVERY === 0) found.view.stateHash = hashOf(machine);
        skipTo(found.view, index, invariants);
      });
    },
    ended(computer) {
      const found = seen(computer);
      if (found === undefined) return;
      found.view.role = "follower";
      copyState(found.memory, computer.disk.durable);
    },
    compare(computers) {
      for (const computer of computers) {
        const found = seen(computer);
        if (found === undefined || computer.machine === undefined) continue;
        found.view.stateHash = hashOf(computer.machine);
        compareState(found.view);
      }
    },
  };
}

/** Reads off what the node says of itself now. */
function look(
  found: ObservedNode,
  { status }: Computer,
  invariants: Required<Invariant>,
  checkAnnouncedCommit: CheckAnnouncedCommit,
): void {
  const { view, memory, said } = found;
  if (status !== undefined) {
    if (status.term < said.term || status.commitIndex < said.commitIndex) {
      throw new InvariantBroken(
        "monotonic",
        `${view.id} goes back from term ${said.term}, commit index ${said.commitIndex}, to ${status.term}, ${status.commitIndex}`,
      );
    }
    checkAnnouncedCommit(view, status.commitIndex);
    if (status.term !== said.term || status.commitIndex !== said.commitIndex) {
      found.said = { term: status.term, commitIndex: status.commitIndex };
    }
  }
  view.role = status?.role ?? "follower";
  view.currentTerm = Math.max(status?.term ?? 0, memory.currentTerm);
  view.votedFor = view.currentTerm === memory.currentTerm ? memory.votedFor : null;
  invariants.changed(view);
  // The invariants compare entries, and only up to here they are known: what waits for the log
  // lane is seen by nobody, a truncation too; core says up to where memory and disk are the same.
  // The index itself was looked at above.
  const commitIndex = Math.min(
    status?.commitIndex ?? 0,
    status?.durableIndex ?? 0,
    memory.log.lastIndex,
  );
  const before = view.commitIndex;
  if (commitIndex > before) {
    view.commitIndex = commitIndex;
    invariants.committed(view, before);
  }
}

function write(
  found: ObservedNode,
  operations: readonly LogOperation[],
  invariants: Required<Invariant>,
): void {
  const { view, memory } = found;
  for (const operation of operations) {
    if (operation.type === "truncateFrom") invariants.truncating(view, operation.index);
    applyTo(memory, [operation]);
    if (operation.type !== "append") continue;
    const { firstIndex } = operation.run;
    if (memory.log.term(firstIndex) !== memory.log.term(firstIndex - 1)) {
      found.termStart = firstIndex;
    }
    invariants.appended(view, firstIndex);
  }
}

function measureUncommitted(
  { view, memory, termStart }: ObservedNode,
  maxUncommittedBytes: number,
  invariants: Required<Invariant>,
): void {
  // What a leader found in its log, and its no-op, are never refused.
  const since = Math.max(view.commitIndex, termStart);
  if (view.role === "leader") {
    invariants.measured(
      view,
      "bytes of uncommitted entries of its own",
      memory.log.bytes(memory.log.lastIndex) - memory.log.bytes(since),
      maxUncommittedBytes,
    );
  }
}

/** No-ops and configurations leave the state as it is. */
function skipTo(view: View, index: number, invariants: Required<Invariant>): void {
  while (view.lastApplied < index) {
    view.lastApplied++;
    invariants.applied(view);
  }
}

function hashOf(machine: Kv): number {
  return Number.parseInt(machine.hash().slice(0, 13), 16);
}
