// Three servers of a system that are started with new data, and led by one of them.
import type { DataDirectory } from "../data-directory.js";
import { leaderOf, waitUntilReady } from "../gaps/system.js";
import type { MeasuredServer, MeasuredSystem } from "../gaps/system.js";

/** etcd's defaults, for all. */
const TIMEOUTS = { heartbeatMs: 100, electionMs: 1000 };

export interface ServerProcesses<Server extends MeasuredServer> {
  readonly servers: readonly Server[];
  readonly leader: Server;
  readonly close: () => Promise<void>;
}

/** @param directory is removed when they are closed, or can't be started */
export async function startServers<Server extends MeasuredServer>(
  system: Omit<MeasuredSystem, "servers"> & {
    servers(directory: string, timeouts: typeof TIMEOUTS): Promise<readonly Server[]>;
  },
  directory: DataDirectory,
): Promise<ServerProcesses<Server>> {
  const servers = await system.servers(directory.path, TIMEOUTS);
  const close = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.process.end("SIGKILL")));
    await directory.remove();
  };
  try {
    for (const server of servers) server.process.start();
    for (const server of servers) await waitUntilReady(system, server);
    return { servers, leader: await leaderOf(system, servers), close };
  } catch (error) {
    await close();
    throw error;
  }
}
