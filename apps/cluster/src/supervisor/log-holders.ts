// Which voters certainly hold the log: what must be known before a node's data is deleted.
import { setTimeout as sleep } from "node:timers/promises";
import { ClusterError } from "../errors.js";
import { askReady } from "./node-requests.js";
import { askStatus } from "./node-status.js";
import type { NodeStatus } from "./node-status.js";
import type { Supervisor } from "./supervisor.js";

/** Followers are behind by what is in flight: they are given so long to get what was committed. */
const CATCH_UP_MS = 5000;
const ASK_EVERY_MS = 50;
const UNKNOWN_HOLDERS =
  "that the others hold the log; nothing was changed: try again, or restart a node that is down";
/** A voter that the leader hasn't heard for longer is none that answers. */
const CONTACT_MS = 1000;

interface Leader {
  readonly id: string;
  readonly status: NodeStatus;
}

/**
 * A majority of the voters of the committed configuration, without this one, answer with the data
 * directory that the configuration names, and have everything that was committed when this was
 * called. So a voter that is being taken back doesn't count, whatever its process says.
 * @returns the incarnation of the node
 * @throws {ClusterError} it is not so, or isn't known
 */
export async function confirmOthersHoldLog(
  supervisor: Pick<Supervisor, "nodes">,
  id: string,
  signal: AbortSignal,
): Promise<string> {
  const until = performance.now() + CATCH_UP_MS;
  let wanted: number | undefined;
  for (;;) {
    const leader = await confirmedLeader(supervisor);
    const isOver = performance.now() > until;
    if (!leader && isOver) throw noLeader(UNKNOWN_HOLDERS);
    if (leader) {
      wanted ??= leader.status.commitIndex;
      const index = wanted;
      const { own, others, voters } = votersOf(leader.status, id);
      const statuses = await statusesOf(supervisor);
      const problems = others.flatMap((voter) => problemOf(voter, leader, statuses, index) ?? []);
      const [count, majority] = [others.length - problems.length, Math.floor(voters / 2) + 1];
      if (count >= majority) return own.incarnation;
      const passing = problems.filter(({ isPassing }) => isPassing).length;
      if (isOver || count + passing < majority) {
        const why =
          problems.length === 0 ? "" : ` (${problems.map(({ text }) => text).join("; ")})`;
        throw refused(
          `without ${id}, ${count} of ${voters} voters certainly hold the log${why}, and ${majority} must, so that nothing is lost and ${id} can be taken back; nothing was changed: add a node, restart one that is down, or wait until they have caught up`,
        );
      }
    }
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
}

/**
 * The committed configuration doesn't name this node.
 * @throws {ClusterError} it does, or isn't known
 */
export async function confirmLeft(
  supervisor: Pick<Supervisor, "nodes">,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  for (const until = performance.now() + CATCH_UP_MS; ;) {
    const leader = await confirmedLeader(supervisor);
    const { configuration, configurationCommitted } = leader?.status ?? {};
    if (configuration && configurationCommitted === true) {
      const { voters, learners, outgoing = [] } = configuration;
      if (![...voters, ...learners, ...outgoing].some((server) => server.id === id)) return;
      throw refused(
        `${id} is a member still, so its process and its data stay: repeat the command`,
      );
    }
    if (performance.now() > until) {
      throw noLeader(
        `that ${id} isn't a member any more, so its process and its data stay: repeat the command`,
      );
    }
    await sleep(ASK_EVERY_MS, undefined, { signal });
  }
}

function noLeader(rest: string): ClusterError {
  return new ClusterError("NO_LEADER", `no leader can confirm ${rest}`, { status: 409 });
}

/** It has just answered a linearizable read, so its picture is the cluster's. */
async function confirmedLeader(supervisor: Pick<Supervisor, "nodes">): Promise<Leader | undefined> {
  const leading = [...(await statusesOf(supervisor))]
    .filter(([, status]) => status.role === "leader")
    .toSorted(([, a], [, b]) => b.term - a.term);
  const [id] = leading[0] ?? [];
  const http = supervisor.nodes().find(({ place }) => place.id === id)?.place.http;
  if (id === undefined || http === undefined || (await askReady(http)) !== "") return undefined;
  const status = await askStatus(http);
  return status?.role === "leader" ? { id, status } : undefined;
}

async function statusesOf(
  supervisor: Pick<Supervisor, "nodes">,
): Promise<ReadonlyMap<string, NodeStatus>> {
  const asked = await Promise.all(
    supervisor.nodes().map(async ({ place, state }) => {
      const status = state === "running" ? await askStatus(place.http) : undefined;
      return [place.id, status] as const;
    }),
  );
  return new Map(asked.flatMap(([id, status]) => (status ? [[id, status] as const] : [])));
}

interface Voter {
  readonly id: string;
  readonly incarnation: string;
}

/** @throws {ClusterError} members are being changed, or it isn't a voter */
function votersOf(
  { configuration, configurationCommitted, configurationIndex }: NodeStatus,
  id: string,
): { readonly own: Voter; readonly others: readonly Voter[]; readonly voters: number } {
  const outgoing = configuration?.outgoing ?? [];
  if (!configuration || configurationCommitted !== true || outgoing.length > 0) {
    throw refused(
      `the members are being changed (index ${configurationIndex ?? 0}); nothing was changed: wait for that, and repeat the command`,
    );
  }
  const voters = configuration.voters.map((one) => {
    return { id: one.id, incarnation: one.incarnation ?? "" };
  });
  const own = voters.find((voter) => voter.id === id);
  if (!own) {
    throw refused(`${id} isn't a voter, and only voters can rejoin; remove it, and add another`);
  }
  return { own, others: voters.filter((voter) => voter !== own), voters: voters.length };
}

interface Problem {
  readonly text: string;
  /** It only lags. */
  readonly isPassing: boolean;
}

/** @returns why the voter doesn't count; undefined: it does */
function problemOf(
  { id, incarnation }: Voter,
  leader: Leader,
  statuses: ReadonlyMap<string, NodeStatus>,
  wanted: number,
): Problem | undefined {
  const problem = (text: string, isPassing = false): Problem => {
    return { text: `${id} ${text}`, isPassing };
  };
  const own = statuses.get(id);
  if (own === undefined) return problem("doesn't answer");
  const { introductions = [], peers = [] } = leader.status;
  if (own.incarnation !== incarnation || introductions.some((one) => one.id === id)) {
    return problem("is being taken back with another data directory");
  }
  if (id === leader.id) return undefined;
  const progress = peers.find((peer) => peer.id === id);
  if (!progress || progress.lastContactMs > CONTACT_MS) {
    return problem("isn't heard by the leader", true);
  }
  if (progress.matchIndex >= wanted) return undefined;
  return problem(`has ${progress.matchIndex} of ${wanted} entries`, true);
}

function refused(message: string): ClusterError {
  return new ClusterError("REFUSED", message, { status: 409 });
}
