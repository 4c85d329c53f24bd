// `add`, `remove` and `replace`: a process is started or stopped, and a node is asked for the
// change. One that fails leaves nothing behind; one whose end isn't known is finished by repeating
// it.
import { rmSync } from "node:fs";
import { ClusterError } from "../errors.js";
import type { NodePlace } from "./layout.js";
import { confirmLeft } from "./log-holders.js";
import {
  forget,
  freePlace,
  keep,
  placeNow,
  refuseUnlessSame,
  unfinishedText,
  whoCanBeAsked,
} from "./member-host.js";
import type { MemberHost } from "./member-host.js";
import { progressTeller } from "./member-progress.js";
import type { Say } from "./member-progress.js";
import { askChange, askMembers, ChangeUnknown, UnknownMember } from "./member-requests.js";
import type { MemberChange } from "./member-requests.js";

/** @returns how it ended @throws {ClusterError} */
export async function add(host: MemberHost, say: Say): Promise<string> {
  const place = await bringIn(host, null, say);
  return `${place.id} is a voter: http://${place.http}`;
}

export async function replace(host: MemberHost, id: string, say: Say): Promise<string> {
  const leaving = placeNow(host, id);
  const place = await bringIn(host, id, say);
  await confirmLeft(host.supervisor, id, host.signal);
  await forget(host, leaving);
  return `${place.id} replaced ${id}: http://${place.http}; ${id}'s process was stopped and its data deleted`;
}

export async function remove(host: MemberHost, id: string, say: Say): Promise<string> {
  try {
    await request(host, { remove: [id] }, [id], say);
  } catch (error) {
    // An earlier command got this far, and its answer was lost.
    if (!(error instanceof UnknownMember)) throw error;
    say(`${id} isn't a member any more`);
  }
  const place = placeNow(host, id);
  await confirmLeft(host.supervisor, id, host.signal);
  const { unfinished } = host.record;
  await forget(host, place);
  if (unfinished && unfinished.added !== place.number && unfinished.node !== id) {
    keep(host, unfinished);
  }
  return `${id} left the cluster; its process was stopped and its data deleted`;
}

/**
 * One change for both: the new one is a voter before the old one leaves.
 * @param leaves null: nobody
 */
async function bringIn(host: MemberHost, leaves: string | null, say: Say): Promise<NodePlace> {
  const { record, placeOf } = host;
  const command = leaves === null ? "add" : "replace";
  refuseUnlessSame(host, command, leaves);
  const earlier = record.unfinished;
  if (earlier) say(`continues the earlier ${unfinishedText(earlier, placeOf)}`);
  const place: NodePlace = earlier
    ? { ...placeOf(earlier.added ?? 0), beginning: "joins" }
    : freePlace(host);
  keep(host, { command, node: leaves, added: place.number });
  let mayBeMember = earlier !== undefined;
  try {
    await run(host, place, earlier !== undefined, say);
    await whoCanBeAsked(host, place.id, leaves);
    mayBeMember = true;
    await exchange(host, place.id, leaves, say);
  } catch (error) {
    if (error instanceof ChangeUnknown) throw error;
    await takeOut(host, place, mayBeMember, error);
  }
  // Until the one that leaves is gone, there is something left to finish.
  keep(host, leaves === null ? undefined : record.unfinished);
  return place;
}

/** The process of a new node, or of one that an earlier command had started. */
async function run(
  { supervisor }: MemberHost,
  place: NodePlace,
  wasThere: boolean,
  say: Say,
): Promise<void> {
  const { id, directory } = place;
  const found = supervisor.nodes().find((node) => node.place.id === id);
  if (found?.state === "running") return;
  if (found) await supervisor.restart(id);
  else {
    // What is there is of a node that had this number before.
    if (!wasThere) rmSync(directory, { recursive: true, force: true });
    await supervisor.add(place);
  }
  say(`${id} is running, and asks to be added`);
}

async function exchange(
  host: MemberHost,
  comes: string,
  leaves: string | null,
  say: Say,
): Promise<void> {
  const except = [comes, leaves];
  if (leaves === null) return request(host, { add: [comes] }, except, say);
  try {
    await request(host, { add: [comes], remove: [leaves] }, except, say);
  } catch (error) {
    // An earlier command got this far, and its answer was lost.
    if (!(error instanceof UnknownMember)) throw error;
    say(`${leaves} isn't a member any more`);
    await request(host, { add: [comes] }, except, say);
  }
}

async function request(
  host: MemberHost,
  change: MemberChange,
  except: readonly (string | null)[],
  say: Say,
): Promise<void> {
  const via = await whoCanBeAsked(host, ...except);
  await askChange(via, change, progressTeller(say), host.signal);
}

/**
 * A node that wasn't added is removed again, unless it may be a member after all.
 * @throws {ClusterError} always: why, and what became of the node
 */
async function takeOut(
  host: MemberHost,
  place: NodePlace,
  mayBeMember: boolean,
  cause: unknown,
): Promise<never> {
  const { id } = place;
  const why = cause instanceof Error ? cause.message : String(cause);
  try {
    if (mayBeMember) await refuseMember(host, id);
  } catch (error) {
    const now = error instanceof Error ? error.message : String(error);
    throw new ClusterError(
      "REFUSED",
      `${why}; ${id} may be a member, so it continues to run (${now}): repeat the command to finish it, or remove ${id}`,
      { status: 502, cause },
    );
  }
  await forget(host, place);
  throw new ClusterError(
    "REFUSED",
    `${why}; ${id}'s process was stopped again, and its data deleted`,
    { status: 409, cause },
  );
}

/**
 * A learner, which an earlier command has left behind, leaves.
 * @throws it is, or may be, a member
 */
async function refuseMember(host: MemberHost, id: string): Promise<void> {
  const via = await whoCanBeAsked(host, id);
  const { members } = await askMembers(via);
  const role = members.find((member) => member.id === id)?.role;
  if (role === "learner") await askChange(via, { remove: [id] }, () => {}, host.signal);
  else if (role !== undefined) {
    throw new ClusterError("REFUSED", `${via.id} lists it as a ${role}`);
  }
  await confirmLeft(host.supervisor, id, host.signal);
}
