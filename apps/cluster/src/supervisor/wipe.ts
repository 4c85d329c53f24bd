// `wipe`: a node loses its disk, and comes back with an empty one.
import { existsSync, renameSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../errors.js";
import type { NodePlace } from "./layout.js";
import { confirmOthersHoldLog } from "./log-holders.js";
import { keep, placeNow, refuseUnlessSame, whoCanBeAsked } from "./member-host.js";
import type { MemberHost } from "./member-host.js";
import type { Say } from "./member-progress.js";
import { askMembers } from "./member-requests.js";
import { askStatus } from "./node-status.js";

const NOBODY = { members: [], committed: false };
const REJOIN_TIMEOUT_MS = 60_000;
/** For a running process to say which directory it has. */
const STATUS_TIMEOUT_MS = 5000;
const ASK_EVERY_MS = 50;

/** @returns how it ended @throws {ClusterError} refused, and nothing was done; or not in time */
export async function wipe(host: MemberHost, id: string, say: Say): Promise<string> {
  const place = placeNow(host, id);
  refuseUnlessSame(host, "wipe", id);
  const earlier = host.record.unfinished?.incarnation;
  if (earlier !== undefined) say(`continues the earlier wipe of ${id}`);
  let before = earlier ?? "";
  if (earlier === undefined || (await hasDirectory(host, place, earlier))) {
    keep(host, undefined);
    before = await confirmOthersHoldLog(host.supervisor, id, host.signal);
    keep(host, { command: "wipe", node: id, added: null, incarnation: before });
    await empty(host, place);
    say(`${id} was killed and its data deleted`);
  }
  await start(host, { ...place, beginning: "rejoins" });
  say(`${id} is running with an empty directory, and asks to rejoin`);
  await rejoined(host, place, before, say);
  keep(host, undefined);
  return `${id} is a voter again, with a new data directory`;
}

/** Whether it still has the directory that is to be deleted. */
async function hasDirectory(
  host: MemberHost,
  place: NodePlace,
  incarnation: string,
): Promise<boolean> {
  if (!existsSync(place.directory)) return false;
  await start(host, place);
  const until = performance.now() + STATUS_TIMEOUT_MS;
  for (;;) {
    const status = await askStatus(place.http);
    if (status?.incarnation !== undefined) return status.incarnation === incarnation;
    if (performance.now() > until) {
      throw new ClusterError(
        "NOT_RUNNING",
        `${place.id} doesn't say whether its data was deleted already; nothing was changed: restart it, and repeat the command`,
        { status: 409 },
      );
    }
    await sleep(ASK_EVERY_MS, undefined, { signal: host.signal });
  }
}

/** All at once, as far as a later command can see: half a directory would be damage. */
async function empty({ supervisor }: MemberHost, { id, directory }: NodePlace): Promise<void> {
  const gone = `${directory}.wiped`;
  rmSync(gone, { recursive: true, force: true });
  await supervisor.remove(id, "SIGKILL");
  if (existsSync(directory)) renameSync(directory, gone);
  rmSync(gone, { recursive: true, force: true });
}

async function start({ supervisor }: MemberHost, place: NodePlace): Promise<void> {
  const found = supervisor.nodes().find((node) => node.place.id === place.id);
  if (!found) await supervisor.add(place);
  else if (found.state !== "running") await supervisor.restart(place.id);
}

/** @throws {ClusterError} not in time */
async function rejoined(
  host: MemberHost,
  { id, logFile }: NodePlace,
  before: string,
  say: Say,
): Promise<void> {
  const { signal } = host;
  const until = performance.now() + REJOIN_TIMEOUT_MS;
  let told = "";
  while (performance.now() < until) {
    signal.throwIfAborted();
    const via = await whoCanBeAsked(host, id);
    const { members, committed } = await askMembers(via).catch(() => NOBODY);
    const now = members.filter((member) => member.id === id);
    const own = now.find(({ incarnation }) => incarnation !== before);
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
    `${id} is running, but isn't a voter again after ${REJOIN_TIMEOUT_MS / 1000} s; it continues to ask, and the same command continues to wait. Is a majority of the others up? Its log says what they answered: ${logFile}`,
  );
}
