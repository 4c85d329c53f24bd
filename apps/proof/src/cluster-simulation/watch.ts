// Shows the invariants what happens on the computers: logs from the operations that nodes hand to
// their storage, disks from what the simulated disks hold, the rest from `status()` and from the
// state machines. It judges nothing itself.
import type { Codec, Index, LogOperation } from "@raftkit/core";
import { decodeFrame } from "@raftkit/core";
import type { Packet } from "@raftkit/simulation";
import { createInvariants } from "../invariants/all.js";
import type { Invariant } from "../invariants/invariant.js";
import { InvariantBroken } from "../invariants/invariant.js";
import type { LogView, NodeView } from "../invariants/view.js";
import type { Computer } from "./computer.js";
import type { CheckAnnouncedCommit } from "./announced-commits.js";
import { createAnnouncedCommitCheck } from "./announced-commits.js";
import type { Captures } from "./captures.js";
import { applyTo, copyState } from "./ledger.js";
import type { ObservedNode, View } from "./observed-node.js";
import { beginRun, createObservedNode } from "./observed-node.js";

export interface Watch {
  /** A run opened its log. */
  opened(computer: Computer): void;
  /** And its snapshots: a name that a crash left may be durable only by that. */
  started(computer: Computer): void;
  /** Its data directory is about to be emptied. */
  wiping(computer: Computer): void;
  writing(computer: Computer, operations: readonly LogOperation[]): void;
  /** More is durable. */
  durable(computer: Computer): void;
  /** It is being given this. */
  delivered(computer: Computer, packet: Packet): void;
  /** Something of it ran. */
  ran(computer: Computer): void;
  /** The disk holds a newer snapshot. */
  saved(computer: Computer): void;
  /** @param stateHash undefined: it wasn't looked at, on no node */
  applied(computer: Computer, index: Index, stateHash: number | undefined): void;
  /** @returns told when all the data of this moment was handed over */
  captured(computer: Computer, index: Index, stateHash: number): (data: Uint8Array) => void;
  restored(computer: Computer, index: Index, stateHash: number): void;
  ended(computer: Computer): void;
  /** Of the node on it, in memory. */
  logOf(computer: Computer): LogView | undefined;
  /** All have applied the same entries: then they have the same state. */
  compare(computers: readonly Computer[]): void;
}

export interface WatchLimits {
  readonly maxUncommittedBytes: number;
  readonly maxLogBytes: number;
  /** Of a machine that was given nothing. */
  readonly emptyStateHash: number;
}

/**
 * @param nodes gets the view of each data directory
 * @param more invariants beside those of both simulations
 * @param broken told of what doesn't hold
 */
export function createWatch(
  limits: WatchLimits,
  captures: Captures,
  codec: Codec,
  nodes: NodeView[],
  more: readonly Invariant[],
  broken: (check: string, message: string) => void,
): Watch {
  const invariants = createInvariants({ nodes }, more);
  /** What the event that runs now brought. */
  let arrived: { readonly computer: Computer; readonly packet: Packet } | undefined;
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
      beginRun(found, durable, limits.emptyStateHash);
      guarded(() => invariants.durable(view));
    },
    started(computer) {
      const found = seen(computer);
      if (found === undefined) return;
      guarded(() => invariants.started(found.view));
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
        write(found, computer, operations, invariants);
        measureLog(found, limits, invariants);
      });
    },
    durable(computer) {
      const found = seen(computer);
      if (found === undefined) return;
      guarded(() => invariants.durable(found.view));
    },
    delivered(computer, packet) {
      arrived = { computer, packet };
    },
    ran(computer) {
      const packet = arrived?.computer === computer ? arrived.packet : undefined;
      arrived = undefined;
      const found = seen(computer);
      if (found === undefined || computer.status === undefined) return;
      const { lastApplied, role, term } = computer.status;
      guarded(() => {
        const { view } = found;
        const isDeposed = view.role === "leader" && role !== "leader" && term > view.currentTerm;
        if (isDeposed && packet) {
          const message = decodeFrame(codec, packet.frame);
          if (message) invariants.deposed(view, packet.from, message);
        }
        look(found, computer, invariants, checkAnnouncedCommit);
        skipTo(found.view, lastApplied, invariants);
      });
    },
    saved(computer) {
      const found = seen(computer);
      if (found === undefined) return;
      guarded(() => invariants.saved(found.view));
    },
    applied(computer, index, stateHash) {
      const found = seen(computer);
      if (found === undefined) return;
      computer.changed();
      guarded(() => {
        // Mostly its event before this one has shown that it is committed; the rest of what the node
        // says is looked at when this event ends, once for all entries.
        if (found.view.commitIndex < index) {
          look(found, computer, invariants, checkAnnouncedCommit);
        }
        skipTo(found.view, index - 1, invariants);
        if (stateHash !== undefined) found.view.stateHash = stateHash;
        skipTo(found.view, index, invariants);
      });
    },
    captured(computer, index, stateHash) {
      const found = seen(computer);
      if (found === undefined) return () => undefined;
      computer.changed();
      const applied = Math.max(index, computer.status?.lastApplied ?? 0);
      return captures.take(computer.id, index, stateHash, found.memory.log, applied);
    },
    restored(computer, index, stateHash) {
      const found = seen(computer);
      if (found === undefined) return;
      computer.changed();
      guarded(() => {
        look(found, computer, invariants, checkAnnouncedCommit);
        restore(found, computer, index, stateHash, invariants);
      });
    },
    ended(computer) {
      const found = seen(computer);
      if (found === undefined) return;
      found.view.role = "follower";
      copyState(found.memory, computer.disk.durable);
    },
    logOf: (computer) => seen(computer)?.view.log,
    compare(computers) {
      for (const computer of computers) {
        const found = seen(computer);
        if (found === undefined || computer.machine === undefined) continue;
        found.view.stateHash = computer.machine.stateHash;
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
  showChange(found, invariants);
  advance(found, status, invariants);
}

/** Most of what runs changes neither role nor term nor vote: what was judged is the same again. */
function showChange(found: ObservedNode, { changed }: Required<Invariant>): void {
  const { view, shown } = found;
  const { role, currentTerm, votedFor } = view;
  if (role === shown?.role && currentTerm === shown.currentTerm && votedFor === shown.votedFor) {
    return;
  }
  found.shown = { role, currentTerm, votedFor };
  changed(view);
}

/**
 * The invariants compare entries, and only so many are known. The announced index itself was looked
 * at when it was announced.
 */
function advance(
  { view, memory }: ObservedNode,
  status: Computer["status"],
  invariants: Required<Invariant>,
): void {
  const commitIndex = Math.min(status?.commitIndex ?? 0, knownThrough(status, memory.log));
  const before = view.commitIndex;
  if (commitIndex > before) {
    view.commitIndex = commitIndex;
    invariants.committed(view, before);
  }
}

/**
 * Up to where the node's log is as it was seen. What waits for the log lane is seen by nobody, a
 * truncation too; core says up to where memory and disk are the same. A leader takes back nothing
 * of its own term, and may commit, by the disks of others, what its own doesn't hold yet.
 */
function knownThrough(status: Computer["status"], log: LogView): Index {
  const { lastIndex } = log;
  if (status?.role === "leader" && log.term(lastIndex) === status.term) return lastIndex;
  return Math.min(status?.durableIndex ?? 0, lastIndex);
}

function write(
  found: ObservedNode,
  { status }: Computer,
  operations: readonly LogOperation[],
  invariants: Required<Invariant>,
): void {
  const { view, memory } = found;
  for (const operation of operations) {
    if (operation.type === "truncateFrom") invariants.truncating(view, operation.index);
    if (operation.type === "compactThrough") invariants.compacting(view, operation.index);
    if (operation.type === "resetTo") invariants.resetting(view, operation.index);
    applyTo(memory, [operation], view.disk.snapshot);
    if (operation.type !== "append") continue;
    const { firstIndex } = operation.run;
    if (memory.log.term(firstIndex) !== memory.log.term(firstIndex - 1)) {
      found.termStart = firstIndex;
    }
    invariants.appended(view, firstIndex);
    // While the disk hung, others may have committed it, and what it let follow may wait behind it.
    advance(found, status, invariants);
  }
}

function restore(
  { view }: ObservedNode,
  computer: Computer,
  index: Index,
  stateHash: number,
  invariants: Required<Invariant>,
): void {
  const { snapshot } = view.disk;
  if (snapshot === undefined) {
    throw new InvariantBroken("restores", `${view.id} restores ${index}, and its disk has none`);
  }
  // What a start finds in a snapshot is committed, before its node says so.
  if (computer.node === undefined) view.commitIndex = Math.max(view.commitIndex, index);
  view.lastApplied = index;
  view.stateHash = stateHash;
  invariants.restored(view, { ...snapshot, index });
}

function measureLog(
  { view, memory: { log }, termStart }: ObservedNode,
  { maxUncommittedBytes, maxLogBytes }: WatchLimits,
  invariants: Required<Invariant>,
): void {
  if (view.role !== "leader") return;
  // What a leader found in its log, and its no-op, are never refused.
  const all = log.bytes(log.lastIndex);
  invariants.measured(
    view,
    "bytes of uncommitted entries of its own",
    all - log.bytes(Math.max(view.commitIndex, termStart)),
    maxUncommittedBytes,
  );
  if (log.lastIndex === termStart || log.term(log.lastIndex) !== view.currentTerm) return;
  // Configurations aren't refused either; behind one that doesn't fit, commands are.
  if (log.lastIndex === log.configurations.at(-1)?.index) return;
  invariants.measured(view, "bytes of its log", all - log.bytes(log.base.index), maxLogBytes);
}

/** No-ops and configurations leave the state as it is. */
function skipTo(view: View, index: number, invariants: Required<Invariant>): void {
  while (view.lastApplied < index) {
    view.lastApplied++;
    invariants.applied(view);
  }
}
