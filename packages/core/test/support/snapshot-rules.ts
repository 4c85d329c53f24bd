// What the rules on snapshots begin with: a leader, a follower, and what they are told.
import { expect } from "vitest";
import type { Effect, Index } from "@raftkit/core";
import { crc32 } from "@raftkit/core";
import { endTurns, workOnSnapshots } from "./cluster.js";
import { capture } from "./snapshots.js";
import type { Solo } from "./solo.js";
import { hear, persist, propose, solo, soloLeader, timeout } from "./solo.js";

/** Its eighth has room for 20 entries of a byte. */
export const BOUND = 160 * 257;

/** n1 leads term 2 and has committed and applied the entries up to `last`; its no-op is entry 2. */
export function committedLeader(last: Index, maxLogBytes: number = 2 ** 30): Solo {
  const made = soloLeader(3, { options: { maxLogBytes } });
  persist(made);
  propose(made, last - 2);
  persist(made);
  acknowledge(made, "n2", last);
  expect(made.node.raft.status).toMatchObject({ commitIndex: last, lastApplied: last });
  made.effects = [];
  return made;
}

export function acknowledge(made: Solo, from: string, match: Index, more: object = {}): void {
  const fields = { term: 2, success: "true", match, verified: match, round: 1, ...more };
  hear(made, from, "appendEntriesReply", fields);
}

/** A follower of n2 in term 5, with these entries behind the configuration, all of them durable. */
export function follower(terms: readonly number[], commit: Index): Solo {
  const made = solo(3, { terms, currentTerm: 5 });
  const last = `${terms.length + 1}/${terms.at(-1) ?? 1}`;
  hear(made, "n2", "appendEntries", { term: 5, prev: last, commit, round: 1 });
  persist(made);
  made.effects = [];
  return made;
}

export function snapshotNow(made: Solo): void {
  capture(made.node);
  workAll(made);
}

export function workAll({ cluster, node }: Solo): void {
  while (workOnSnapshots(cluster, node)) endTurns(cluster);
}

export function heartbeats(made: Solo, count: number): void {
  for (let i = 0; i < count; i++) {
    timeout(made);
    // The others are there, so that it goes on leading.
    acknowledge(made, "n2", made.node.raft.status.commitIndex);
  }
}

export function typesOf({ effects }: Solo, ...types: Effect["type"][]): string[] {
  return effects.map(({ type }) => type).filter((type) => types.includes(type));
}

export function operationsOf({ effects }: Solo): string[] {
  return effects.flatMap((effect) =>
    effect.type === "persist"
      ? effect.operations.map((one) => ("index" in one ? `${one.type} ${one.index}` : one.type))
      : [],
  );
}

/** What n2 installs: `applied` as a state, sent in one part. */
export function part(
  index: Index,
  term: number,
  more: object = {},
): Record<string, string | number> {
  const data = JSON.stringify(Array.from({ length: index }, () => `${term}:0:1`));
  const crc = crc32(new TextEncoder().encode(data));
  return { term: 5, attempt: 1, last: `${index}/${term}`, data, crc, ...more };
}

/** n3 holds nothing, so the log of term 2 doesn't reach back to what it needs. */
export function fallBehind(made: Solo): void {
  hear(made, "n3", "appendEntriesReply", {
    term: 2,
    success: "false",
    prev: 1,
    conflict: "0/0",
    round: 1,
  });
}
