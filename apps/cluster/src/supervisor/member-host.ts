// What changes of members work on: the processes, where new ones are put, and what is remembered of
// a change whose end isn't known.
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../errors.js";
import { MAX_NODES } from "./layout.js";
import type { NodePlace } from "./layout.js";
import { askStatus, latestLeader } from "./node-status.js";
import type { Supervisor } from "./supervisor.js";

/** A command that ended without a known outcome, or with the cluster's own process. */
export interface Unfinished {
  readonly command: "add" | "replace" | "wipe";
  /** The node that is replaced or wiped; null of `add`. */
  readonly node: string | null;
  /** The number of the new node; null of `wipe`. */
  readonly added: number | null;
  /** Of `wipe`: the id of the data directory that is to be deleted. */
  readonly incarnation?: string | undefined;
}

export interface MemberRecord {
  readonly unfinished: Unfinished | undefined;
  /** @param members numbers of the nodes that there are */
  keep(members: readonly number[], unfinished: Unfinished | undefined): void;
}

export interface MemberHost {
  readonly supervisor: Supervisor;
  readonly record: MemberRecord;
  readonly placeOf: (number: number) => NodePlace;
  /** New nodes get numbers from here to `MAX_NODES`. */
  readonly firstNew: number;
  /** The cluster ends. */
  readonly signal: AbortSignal;
}

/** For one of the nodes to answer at all. */
const ANSWER_TIMEOUT_MS = 10_000;
const ASK_EVERY_MS = 50;

/** Not one that joins or leaves, and preferably the leader. @throws {ClusterError} */
export async function whoCanBeAsked(
  { supervisor, signal }: MemberHost,
  ...except: (string | null | undefined)[]
): Promise<NodePlace> {
  const until = performance.now() + ANSWER_TIMEOUT_MS;
  while (performance.now() < until) {
    const running = supervisor
      .nodes()
      .filter(({ place, state }) => state === "running" && !except.includes(place.id));
    if (running.length === 0) break;
    const statuses = await Promise.all(running.map(({ place }) => askStatus(place.http)));
    const leader = latestLeader(statuses);
    const answering = running.filter((_, i) => statuses[i] !== undefined);
    const chosen = answering.find(({ place }) => place.id === leader?.id) ?? answering[0];
    if (chosen) return chosen.place;
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
  const other = except.length === 0 ? "" : "other ";
  throw new ClusterError("NOT_RUNNING", `no ${other}node answers; restart one first`, {
    status: 409,
  });
}

/** @throws {ClusterError} */
export function placeNow({ supervisor }: MemberHost, id: string): NodePlace {
  const found = supervisor.nodes().find(({ place }) => place.id === id);
  if (found) return found.place;
  throw new ClusterError("UNKNOWN_NODE", `there is no node ${id}`, { status: 404 });
}

/** @throws {ClusterError} every number is in use */
export function freePlace({ supervisor, placeOf, firstNew }: MemberHost): NodePlace {
  const taken = supervisor.nodes().map(({ place }) => place.number);
  for (let number = firstNew; number <= MAX_NODES; number++) {
    if (!taken.includes(number)) return { ...placeOf(number), beginning: "joins" };
  }
  throw new ClusterError(
    "REFUSED",
    `no number is left for another node: added nodes have numbers from ${firstNew} to ${MAX_NODES}; remove one of them first`,
    { status: 409 },
  );
}

/** The members as they are now, and what is to be finished. */
export function keep({ supervisor, record }: MemberHost, unfinished: Unfinished | undefined): void {
  record.keep(
    supervisor.nodes().map(({ place }) => place.number),
    unfinished,
  );
}

/** Removes its process, its record, and its data. */
export async function forget(host: MemberHost, { id, directory }: NodePlace): Promise<void> {
  const { supervisor } = host;
  // One that didn't start isn't there.
  if (supervisor.nodes().some(({ place }) => place.id === id)) {
    await supervisor.remove(id, "SIGTERM");
  }
  // First: a node without its data must not be started as if it had it.
  keep(host, undefined);
  rmSync(directory, { recursive: true, force: true });
}

/** @throws {ClusterError} another command is to be finished first */
export function refuseUnlessSame(
  { record: { unfinished }, placeOf }: MemberHost,
  command: Unfinished["command"],
  node: string | null,
): void {
  if (!unfinished || (unfinished.command === command && unfinished.node === node)) return;
  const { added } = unfinished;
  const undo = added === null ? "" : `, or remove ${placeOf(added).id} to undo it`;
  throw new ClusterError(
    "REFUSED",
    `it isn't known how an earlier command ended: ${unfinishedText(unfinished, placeOf)}; nothing was done: repeat that command to finish it${undo}`,
    { status: 409 },
  );
}

export function unfinishedText(
  { command, node, added }: Unfinished,
  placeOf: MemberHost["placeOf"],
): string {
  const id = added === null ? "" : placeOf(added).id;
  if (command === "wipe") return `wipe of ${node}`;
  return command === "add" ? `add of ${id}` : `replace of ${node} by ${id}`;
}
