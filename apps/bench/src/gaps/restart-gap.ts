// Rolling restart and rolling replacement under load: each node is stopped and started again, the
// leader last; then each is replaced by a new one. Measures the longest time without an
// acknowledged write, and checks that each acknowledged one is there, once.
import { setTimeout as sleep } from "node:timers/promises";
import { makeDataDirectory } from "../data-directory.js";
import { startOpenLoop } from "../load/open-loop.js";
import { allKeys, changeVoters, raftkit } from "./raftkit.js";
import { leaderOf, waitUntilReady } from "./system.js";
import { WriteLoad } from "./write-load.js";

type Server = Awaited<ReturnType<typeof raftkit.joining>>;

export interface RestartGapOptions {
  /** Writes a second. */
  readonly rate: number;
  /** An existing folder. */
  readonly data: string;
}

/** The server's own defaults. */
const TIMEOUTS = { heartbeatMs: 50, electionMs: 150 };
const WARMUP_MS = 3000;
/** How long the load runs between two nodes, and is measured without any change. */
const PAUSE_MS = 2000;

export async function measureRestartGap(
  { rate, data }: RestartGapOptions,
  print: (line: string) => void,
): Promise<void> {
  const directory = await makeDataDirectory(data, "restart-gap");
  const servers = await raftkit.servers(directory.path, TIMEOUTS);
  try {
    for (const server of servers) server.process.start();
    for (const server of servers) await waitUntilReady(raftkit, server);
    const load = new WriteLoad(
      servers.map(({ address }) => address),
      raftkit.protocol,
      { start: (send) => startOpenLoop({ perSecond: rate, send }) },
    );
    try {
      await sleep(WARMUP_MS);
      load.gaps.mark();
      await sleep(PAUSE_MS);
      print(`${rate} writes/s to three processes: longest gap without an acknowledged write`);
      print(`  without a restart: ${gap(load)}`);
      await restartAll(servers, load, print);
      await replaceAll(servers, directory.path, load, print);
    } finally {
      await load.stop();
    }
    for (const server of servers) checkKeys(load.acknowledged, await allKeys(server), server.id);
    print(
      `\n${load.acknowledged.size} writes acknowledged, ${load.failed} not; all of the ` +
        "acknowledged are on every node, each once",
    );
  } finally {
    await Promise.all(servers.map((server) => server.process.end("SIGKILL")));
    await directory.remove();
  }
}

async function restartAll(
  servers: readonly Server[],
  load: WriteLoad,
  print: (line: string) => void,
): Promise<void> {
  const waiting = new Set(servers);
  let longestMs = 0;
  while (waiting.size > 0) {
    const leader = await leaderOf(raftkit, servers);
    const server = [...waiting].find((one) => one !== leader) ?? leader;
    waiting.delete(server);
    load.gaps.mark();
    const beganAt = performance.now();
    await server.process.end("SIGTERM");
    const endedMs = performance.now() - beganAt;
    server.process.start();
    await waitUntilReady(raftkit, server);
    const backMs = performance.now() - beganAt;
    await sleep(PAUSE_MS);
    const role = server === leader ? "the leader" : "a follower";
    print(
      `  ${server.id}, ${role}, ended after ${endedMs.toFixed(0)} ms, ready again after ` +
        `${backMs.toFixed(0)} ms: ${gap(load)}`,
    );
    longestMs = Math.max(longestMs, load.gaps.longestMs());
  }
  print(`rolling restart: longest gap ${longestMs.toFixed(0)} ms`);
}

/** Afterwards `servers` are the new ones. */
async function replaceAll(
  servers: Server[],
  directory: string,
  load: WriteLoad,
  print: (line: string) => void,
): Promise<void> {
  const waiting = new Set(servers);
  let longestMs = 0;
  while (waiting.size > 0) {
    const leader = await leaderOf(raftkit, servers);
    const left = [...waiting].find((one) => one !== leader) ?? leader;
    waiting.delete(left);
    const came = await raftkit.joining(`${left.id}-2`, servers, directory, TIMEOUTS);
    came.process.start();
    load.gaps.mark();
    const beganAt = performance.now();
    const staying = servers.filter((one) => one !== left);
    servers.push(came);
    await changeVoters(staying[0] ?? left, [...staying, came]);
    const tookMs = performance.now() - beganAt;
    servers.splice(servers.indexOf(left), 1);
    load.useServers(servers.map(({ address }) => address));
    await left.process.end("SIGTERM");
    await sleep(PAUSE_MS);
    const role = left === leader ? "the leader" : "a follower";
    print(
      `  ${came.id} for ${left.id}, ${role}, a voter after ${tookMs.toFixed(0)} ms: ${gap(load)}`,
    );
    longestMs = Math.max(longestMs, load.gaps.longestMs());
  }
  print(`rolling replacement: longest gap ${longestMs.toFixed(0)} ms`);
}

function gap(load: WriteLoad): string {
  return `${load.gaps.longestMs().toFixed(0)} ms`;
}

/** A write that was executed twice has a later index than the acknowledged one. @throws */
export function checkKeys(
  acknowledged: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
  id: string,
): void {
  const lost = [...acknowledged].filter(([key]) => !found.has(key));
  if (lost.length > 0) {
    throw new Error(
      `${lost.length} acknowledged writes are lost on ${id}, the first is ${lost[0]?.[0]}`,
    );
  }
  const other = [...acknowledged].filter(([key, index]) => found.get(key) !== index);
  if (other.length > 0) {
    const [key = "", index] = other[0] ?? [];
    throw new Error(
      `${other.length} writes were executed again on ${id}: ${key} was acknowledged at ` +
        `${index}, and is there from ${found.get(key)}`,
    );
  }
}
