// Nodes as the invariants see them, made by hand: what each test needs to go wrong.
import type { EntryRun, Index, Member, Term } from "@raftkit/core";
import { encodeConfiguration, encodeRun, EntryKind } from "@raftkit/core";
import type { LogShadow, NodeView, SnapshotView } from "../../src/invariants/view.js";
import { createLogShadow } from "../../src/invariants/view.js";

export type HandmadeView = { -readonly [Key in keyof NodeView]: NodeView[Key] } & {
  readonly log: LogShadow;
  readonly disk: {
    currentTerm: Term;
    votedFor: Member | null;
    readonly log: LogShadow;
    snapshot?: SnapshotView;
  };
};

export function viewOf(
  id: string,
  changes: Partial<
    Pick<
      NodeView,
      | "role"
      | "currentTerm"
      | "votedFor"
      | "commitIndex"
      | "lastApplied"
      | "stateHash"
      | "incarnation"
    >
  > = {},
): HandmadeView {
  return {
    id,
    incarnation: `${id}-data-directory-1`,
    isWiped: false,
    role: "follower",
    currentTerm: 0,
    votedFor: null,
    commitIndex: 0,
    lastApplied: 0,
    stateHash: 0,
    log: createLogShadow(),
    disk: { currentTerm: 0, votedFor: null, log: createLogShadow() },
    ...changes,
  };
}

/** By its first data directory. */
export function memberNamed(id: string): Member {
  return { id, incarnation: `${id}-data-directory-1` };
}

/** Entry 1: everyone's data directory. */
export function configuration(index: Index, term: Term, ids: readonly string[]): EntryRun {
  const voters = ids.map((id) => ({
    id,
    incarnation: `${id}-data-directory-1`,
    address: `${id}.test:7000`,
  }));
  return encodeRun(index, term, EntryKind.configuration, [
    encodeConfiguration({
      clusterInstance: "cluster-instance-1",
      voters,
      learners: [],
      outgoing: [],
    }),
  ]);
}

export function command(index: Index, term: Term, value: number): EntryRun {
  return encodeRun(index, term, EntryKind.command, [new Uint8Array([value])]);
}

/** In memory and on disk. */
export function give(view: HandmadeView, ...runs: readonly EntryRun[]): void {
  for (const run of runs) {
    for (const log of [view.log, view.disk.log]) log.apply({ type: "append", run });
  }
}
