// raftkit's own server, apps/server, with TCP, msgpack and file storage.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { NODE_ENVIRONMENT, NODE_FLAGS } from "@raftkit-app/server/node-settings";
import { freePorts } from "../free-ports.js";
import { MeasuredProcess } from "./process.js";
import { askJson } from "./system.js";
import type { MeasuredServer, MeasuredSystem, Timeouts } from "./system.js";

const program = join(
  dirname(createRequire(import.meta.url).resolve("@raftkit-app/server/package.json")),
  "dist/main.js",
);

interface RaftkitServer extends MeasuredServer {
  /** Where it listens for the others: `host:port`. */
  readonly peer: string;
}

/** @param beginning how it comes to its cluster */
function serverAt(
  place: Pick<RaftkitServer, "id" | "address" | "peer">,
  directory: string,
  { heartbeatMs, electionMs }: Timeouts,
  beginning: Readonly<Record<string, string>>,
): RaftkitServer {
  const options = {
    ...beginning,
    id: place.id,
    http: place.address,
    data: join(directory, place.id),
    "heartbeat-ms": heartbeatMs,
    "election-timeout-ms": `${electionMs}-${2 * electionMs}`,
    "log-level": "warn",
  };
  const args = Object.entries(options).map(([flag, value]) => `--${flag}=${value}`);
  const command = [...NODE_FLAGS, program, ...args];
  return { ...place, process: new MeasuredProcess(process.execPath, command, NODE_ENVIRONMENT) };
}

async function startingServers(directory: string, timeouts: Timeouts): Promise<RaftkitServer[]> {
  const places = placesAt(await freePorts(6));
  const peers = peersOf(places);
  return places.map((place) => serverAt(place, directory, timeouts, { peers }));
}

/** Servers that speak the Redis protocol, too. */
async function redisServers(
  directory: string,
  timeouts: Timeouts,
): Promise<(RaftkitServer & { readonly redis: string })[]> {
  const ports = await freePorts(9);
  const places = placesAt(ports);
  const peers = peersOf(places);
  return places.map((place, i) => {
    const redis = `127.0.0.1:${ports[6 + i]}`;
    return { redis, ...serverAt(place, directory, timeouts, { peers, "redis-port": redis }) };
  });
}

/** @param ports at least six */
function placesAt(
  ports: readonly number[],
): readonly Pick<RaftkitServer, "id" | "address" | "peer">[] {
  return ["n1", "n2", "n3"].map((id, i) => {
    return { id, peer: `127.0.0.1:${ports[i]}`, address: `127.0.0.1:${ports[3 + i]}` };
  });
}

function peersOf(places: readonly Pick<RaftkitServer, "id" | "peer">[]): string {
  return places.map(({ id, peer }) => `${id}=${peer}`).join(",");
}

/** Not started yet, with a new directory; it will ask these to be added. */
async function joiningServer(
  id: string,
  members: readonly RaftkitServer[],
  directory: string,
  timeouts: Timeouts,
): Promise<RaftkitServer> {
  const [peer, http] = await freePorts(2);
  const place = { id, peer: `127.0.0.1:${peer}`, address: `127.0.0.1:${http}` };
  const beginning = { address: place.peer, join: members.map((member) => member.peer).join(",") };
  return serverAt(place, directory, timeouts, beginning);
}

export const raftkit = {
  name: "raftkit",
  protocol: {
    write: (key, value) => ({ method: "PUT", path: `/v1/kv/${key}`, body: value }),
    // 200 would mean that the key existed: each write has its own.
    acknowledged: (status, body) =>
      status === 201 ? (JSON.parse(body) as { index: number }).index : undefined,
  },
  servers: startingServers,
  joining: joiningServer,
  async leads(server) {
    const status = (await askJson(server, "/v1/status")) as { role?: string } | undefined;
    return status?.role === "leader";
  },
  isReady: async (server) => (await askJson(server, "/readyz")) !== undefined,
} satisfies MeasuredSystem & { readonly joining: typeof joiningServer };

export const raftkitWithRedis = { ...raftkit, servers: redisServers } satisfies MeasuredSystem;

/**
 * One change, requested again if it may not have happened.
 * @param via one that stays
 * @throws it isn't made
 */
export async function changeVoters(
  via: MeasuredServer,
  voters: readonly MeasuredServer[],
): Promise<void> {
  const until = performance.now() + CHANGE_MS;
  const body = JSON.stringify({ voters: voters.map(({ id }) => id) });
  for (;;) {
    const url = `http://${via.address}/v1/cluster/members`;
    const response = await fetch(url, { method: "POST", body });
    if (response.ok) return;
    const text = await response.text();
    // 404: the leader doesn't know the new node yet.
    const mayRepeat = [404, 503, 504].includes(response.status);
    if (!mayRepeat || performance.now() > until) throw new Error(`${via.id} refused: ${text}`);
  }
}

const CHANGE_MS = 120_000;

/**
 * All keys of this server's cluster, with the index of each key's last write.
 * @throws it doesn't answer
 */
export async function allKeys(server: MeasuredServer): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (let after: string | null = ""; after !== null;) {
    const query = `limit=1000${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`;
    const page = (await askJson(server, `/v1/kv?${query}`)) as Page | undefined;
    if (!page) throw new Error(`${server.id} doesn't list its keys`);
    for (const { key, index } of page.items) found.set(key, index);
    after = page.next;
  }
  return found;
}

interface Page {
  readonly items: readonly { readonly key: string; readonly index: number }[];
  readonly next: string | null;
}
