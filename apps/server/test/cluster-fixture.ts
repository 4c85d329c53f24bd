// Three whole servers in this process, over real sockets and files.
import { expect } from "vitest";
import { startServer } from "../src/server.js";
import type { RunningServer } from "../src/server.js";
import { parseOptions } from "../src/cli/parse.js";
import { send } from "./client.js";
import type { Answer } from "./client.js";
import { recordingLogger } from "./fixture.js";
import type { LogLine } from "./fixture.js";
import { freePorts, temporaryDirectory } from "./process.js";

export interface Cluster extends AsyncDisposable {
  readonly servers: readonly RunningServer[];
  /** What all of them logged. */
  readonly lines: readonly LogLine[];
  start(i: number): Promise<RunningServer>;
}

export async function startCluster(
  transport: string,
  storage: string,
  codec: string,
): Promise<Cluster> {
  const ports = await freePorts(6);
  const ids = ["n1", "n2", "n3"];
  const list = (from: number): string =>
    ids.map((id, i) => `${id}=127.0.0.1:${ports[from + i]}`).join(",");
  const directory = temporaryDirectory();
  const servers: RunningServer[] = [];
  const { lines, ...logger } = recordingLogger();
  const start = async (i: number): Promise<RunningServer> => {
    const id = ids[i] ?? "";
    const args = Object.entries({
      id,
      "election-timeout-ms": "600-1200",
      peers: list(0),
      http: `127.0.0.1:${ports[3 + i]}`,
      "http-peers": list(3),
      transport,
      storage,
      codec,
      data: `${directory}/${id}`,
    }).map(([flag, value]) => `--${flag}=${value}`);
    const settings = parseOptions(args, {});
    if (typeof settings === "string") throw new Error("unreachable");
    const server = await startServer({ settings, logger });
    servers[i] = server;
    return server;
  };
  await Promise.all(ids.map((_, i) => start(i)));
  return {
    servers,
    lines,
    start,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

export async function allReady(cluster: Cluster): Promise<void> {
  for (const { http } of cluster.servers) {
    const readiness = async (): Promise<string> => {
      const { status, body } = await send(http, "GET", "/readyz");
      return `${status} ${body.toString()}`;
    };
    await expect.poll(readiness, { timeout: 20_000 }).toMatch(/^200 /);
  }
}

export function at(cluster: Cluster, i: number): string {
  return cluster.servers[i % 3]?.http ?? "";
}

/**
 * As the API's readers are told to: 503 means that nothing happened, and to try again. The machine
 * may be too busy for its leader.
 */
export async function ask(...request: Parameters<typeof send>): Promise<Answer> {
  let answer = await send(...request);
  await expect
    .poll(async () => (answer = answer.status === 503 ? await send(...request) : answer).status, {
      timeout: 20_000,
    })
    .not.toBe(503);
  return answer;
}
