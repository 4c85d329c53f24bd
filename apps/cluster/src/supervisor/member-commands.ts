// An operator's commands for the members of the cluster: a process is started or stopped, and a node
// is asked for the change. A command that fails leaves nothing behind, or says what.
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../errors.js";
import { rememberMembers } from "./data-directory.js";
import { MAX_NODES, placeOf } from "./layout.js";
import type { NodePlace } from "./layout.js";
import { progressTeller } from "./member-progress.js";
import type { Say } from "./member-progress.js";
import { askChange, askMembers, ChangeUnknown, UnknownMember } from "./member-requests.js";
import type { MemberView } from "./member-requests.js";
import { askStatus, latestLeader } from "./node-status.js";
import type { Supervisor } from "./supervisor.js";
import type { UpOptions } from "./up-options.js";

/** Each reports its steps, and returns a line with its result. @throws {ClusterError} */
export interface MemberCommands {
  add(say: Say): Promise<string>;
  remove(id: string, say: Say): Promise<string>;
  replace(id: string, say: Say): Promise<string>;
  /** The node loses its disk, and comes back with an empty one. */
  wipe(id: string, say: Say): Promise<string>;
}

const NOBODY = { members: [], committed: false };
/** For one of the nodes to answer at all. */
const ANSWER_TIMEOUT_MS = 10_000;
const REJOIN_TIMEOUT_MS = 60_000;
const ASK_EVERY_MS = 50;

export function createMemberCommands(
  supervisor: Supervisor,
  options: UpOptions,
  signal: AbortSignal,
): MemberCommands {
  const parts = { supervisor, options, signal };
  return {
    async add(say) {
      const place = freePlace(parts);
      await change(parts, place, undefined, say);
      return `${place.id} is a voter: http://${place.http}`;
    },
    async remove(id, say) {
      try {
        await change(parts, undefined, id, say);
      } catch (error) {
        // An earlier command got this far, and its answer was lost.
        if (!(error instanceof UnknownMember)) throw error;
        say(`${id} isn't a member any more`);
      }
      await forget(parts, placeNow(supervisor, id));
      return `${id} left the cluster; its process was stopped and its data deleted`;
    },
    async replace(id, say) {
      const place = freePlace(parts);
      await change(parts, place, id, say);
      await forget(parts, placeNow(supervisor, id));
      return `${place.id} replaced ${id}: http://${place.http}; ${id}'s process was stopped and its data deleted`;
    },
    wipe: (id, say) => wipe(parts, id, say),
  };
}

interface Parts {
  readonly supervisor: Supervisor;
  readonly options: UpOptions;
  /** The cluster ends. */
  readonly signal: AbortSignal;
}

/** @throws {ClusterError} every number is in use */
function freePlace({ supervisor, options }: Parts): NodePlace {
  const taken = supervisor.nodes().map(({ place }) => place.number);
  // Numbers of initial nodes aren't reused: they are in the others' command lines.
  for (let number = options.nodes + 1; number <= MAX_NODES; number++) {
    if (!taken.includes(number)) return placeOf(number, options);
  }
  throw new ClusterError(
    "REFUSED",
    `no number is left for another node: added nodes have numbers from ${options.nodes + 1} to ${MAX_NODES}; remove one of them first`,
    { status: 409 },
  );
}

/** One change for both: the new one is a voter before the old one leaves. */
async function change(
  parts: Parts,
  added: NodePlace | undefined,
  removed: string | undefined,
  say: Say,
): Promise<void> {
  const { supervisor, signal } = parts;
  try {
    if (added) {
      await supervisor.add(added);
      say(`${added.id} runs, and asks to be added`);
    }
    const via = await whoCanBeAsked(supervisor, added?.id, removed);
    const body = { ...(added && { add: [added.id] }), ...(removed && { remove: [removed] }) };
    await askChange(via, body, progressTeller(say), signal);
  } catch (error) {
    if (!added || error instanceof ChangeUnknown) throw error;
    await forget(parts, added);
    const why = error instanceof Error ? error.message : String(error);
    throw new ClusterError(
      "REFUSED",
      `${why}; ${added.id}'s process was stopped again, and its data deleted`,
      { status: 409, cause: error },
    );
  }
  // A failure of this doesn't undo the change.
  remember(parts);
}

/** Not one that joins or leaves, and preferably the leader. @throws {ClusterError} */
async function whoCanBeAsked(
  supervisor: Supervisor,
  ...except: (string | undefined)[]
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
  }
  throw new ClusterError("NOT_RUNNING", "no other node answers; restart one first", {
    status: 409,
  });
}

/** @throws {ClusterError} */
function placeNow(supervisor: Supervisor, id: string): NodePlace {
  const found = supervisor.nodes().find(({ place }) => place.id === id);
  if (found) return found.place;
  throw new ClusterError("UNKNOWN_NODE", `there is no node ${id}`, { status: 404 });
}

/** Removes its process, its data, and its record. */
async function forget(parts: Parts, { id, directory }: NodePlace): Promise<void> {
  const { supervisor } = parts;
  // One that didn't start isn't there.
  if (supervisor.nodes().some(({ place }) => place.id === id)) {
    await supervisor.remove(id, "SIGTERM");
  }
  rmSync(directory, { recursive: true, force: true });
  remember(parts);
}

function remember({ supervisor, options }: Parts): void {
  rememberMembers(
    options,
    supervisor.nodes().map(({ place }) => place.number),
  );
}

async function wipe(parts: Parts, id: string, say: Say): Promise<string> {
  const { supervisor } = parts;
  const place = placeNow(supervisor, id);
  const via = await whoCanBeAsked(supervisor, id);
  const { members } = await askMembers(via);
  const before = members.find((member) => member.id === id);
  if (before?.role !== "voter") {
    throw new ClusterError(
      "REFUSED",
      `${id} isn't a voter, and only voters can rejoin; remove it, and add another`,
      { status: 409 },
    );
  }
  refuseWithoutMajority(supervisor, members, id);
  await supervisor.remove(id, "SIGKILL");
  rmSync(place.directory, { recursive: true, force: true });
  say(`${id} was killed and its data deleted`);
  await supervisor.add({ ...place, beginning: "rejoins" });
  say(`${id} runs with an empty directory, and asks to rejoin`);
  await rejoined(parts, place, before, say);
  return `${id} is a voter again, with a new data directory`;
}

/** @throws {ClusterError} the others are no majority without it */
function refuseWithoutMajority(
  supervisor: Supervisor,
  members: readonly MemberView[],
  id: string,
): void {
  const voters = members.filter(({ role }) => role === "voter");
  const others = supervisor
    .nodes()
    .filter(({ place, state }) => state === "running" && place.id !== id)
    .filter(({ place }) => voters.some((voter) => voter.id === place.id)).length;
  const majority = Math.floor(voters.length / 2) + 1;
  if (others >= majority) return;
  throw new ClusterError(
    "REFUSED",
    `without ${id}, ${others} of ${voters.length} voters would be left, and ${majority} are needed to add it again; nothing was changed: add a node, or restart one that is down`,
    { status: 409 },
  );
}

/** @throws {ClusterError} not in time */
async function rejoined(
  { supervisor, signal }: Parts,
  { id, logFile }: NodePlace,
  before: MemberView,
  say: Say,
): Promise<void> {
  const until = performance.now() + REJOIN_TIMEOUT_MS;
  let told = "";
  while (performance.now() < until) {
    signal.throwIfAborted();
    const via = await whoCanBeAsked(supervisor, id);
    const { members, committed } = await askMembers(via).catch(() => NOBODY);
    const now = members.filter((member) => member.id === id);
    const own = now.find(({ incarnation }) => incarnation !== before.incarnation);
    if (own?.role === "voter" && committed) return;
    const text = own
      ? `${id} is a ${own.role} with its new directory`
      : now.length === 0 && members.length > 0
        ? `${id} with its old directory has left`
        : "";
    if (text !== "" && text !== told) say(text);
    if (text !== "") told = text;
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
  throw new ClusterError(
    "REFUSED",
    `${id} runs, but isn't a voter again after ${REJOIN_TIMEOUT_MS / 1000} s; it continues to ask. Is a majority of the others up? Its log says what they answered: ${logFile}`,
  );
}
