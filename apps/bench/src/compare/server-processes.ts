// Three servers of a system that are started with new data, and led by one of them.
import type { DataDirectory } from "../data-directory.js";
import { ETCD_TIMEOUTS, leaderOf, waitUntilReady } from "../gaps/system.js";
import type { MeasuredServer, MeasuredSystem, Timeouts } from "../gaps/system.js";

export interface ServerProcesses<Server extends MeasuredServer> {
  readonly servers: readonly Server[];
  readonly leader: Server;
  readonly close: () => Promise<void>;
}

/** @param directory is removed when they are closed, or can't be started */
export async function startServers<Server extends MeasuredServer>(
  system: Pick<MeasuredSystem, "name" | "leads" | "isReady"> & {
    servers(directory: string, timeouts: Timeouts): Promise<readonly Server[]>;
  },
  directory: DataDirectory,
): Promise<ServerProcesses<Server>> {
  const servers = await system.servers(directory.path, ETCD_TIMEOUTS);
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
