// Raft libraries for Go, each in the same small server (peers/go) behind the benchmark's own edge:
// what it acknowledges is synced on a majority. The program is built when somebody asks for it.
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeDataDirectory } from "../data-directory.js";
import { freePorts } from "../free-ports.js";
import { MeasuredProcess } from "../gaps/process.js";
import { askJson } from "../gaps/system.js";
import type { MeasuredServer } from "../gaps/system.js";
import { Client } from "../load/client.js";
import { runLoader } from "./loader.js";
import { startServers } from "./server-processes.js";
import type { ComparedSystem } from "./system.js";

/** Of peers/go's `-library`. */
type Library = "etcd" | "hashicorp";

interface PeerServer extends MeasuredServer {
  /** Where it takes the load. */
  readonly port: number;
}

/** What it serves at /status. */
interface Status {
  readonly leads: boolean;
  readonly syncs: number;
}

const FOLDER = fileURLToPath(new URL("../../peers/go", import.meta.url));
const PROGRAM = join(FOLDER, "bin", "raft-peer");
const MODULES = [
  "go.etcd.io/raft/v3",
  "go.etcd.io/etcd/server/v3",
  "github.com/hashicorp/raft",
  "github.com/hashicorp/raft-wal",
];
/** As go.mod has it. */
export const GO_NEEDED = "Go 1.24 or later, from https://go.dev/dl";

/**
 * Builds the program; the first time Go fetches its modules.
 * @returns the libraries' versions. @throws Go couldn't; the message has the end of what it said
 */
export function buildPeers(): readonly string[] {
  const go = (args: readonly string[]): string =>
    // Neither another Go nor other modules than go.sum has.
    execFileSync("go", args, {
      cwd: FOLDER,
      encoding: "utf8",
      env: { ...process.env, GOTOOLCHAIN: "local", GOFLAGS: "-mod=readonly" },
      stdio: ["ignore", "pipe", "pipe"],
    });
  try {
    go(["build", "-buildvcs=false", "-o", PROGRAM, "."]);
    return go(["list", "-m", ...MODULES])
      .trim()
      .split("\n");
  } catch (error) {
    const why = (error as { stderr?: string }).stderr?.trim().slice(-500);
    throw new Error(`the peers can't be built (they need ${GO_NEEDED}): ${why ?? String(error)}`, {
      cause: error,
    });
  }
}

/** Of each library; the program is built. */
export const peerSystems: readonly ComparedSystem[] = [
  peerSystem("etcd-io/raft", "etcd"),
  peerSystem("hashicorp/raft", "hashicorp"),
];

function peerSystem(name: string, library: Library): ComparedSystem {
  const system = {
    name,
    servers: (directory: string) => peerServers(library, directory),
    leads: async (server: MeasuredServer) => (await statusOf(server))?.leads === true,
    isReady: async (server: MeasuredServer) => (await statusOf(server)) !== undefined,
  };
  return {
    name,
    isWhole: false,
    async start(parent) {
      const directory = await makeDataDirectory(parent, "compare");
      const { servers, leader, close } = await startServers(system, directory);
      const connect = (): Promise<Client> => Client.connect(leader.port);
      return {
        pids: servers.flatMap(({ process: { pid } }) => pid ?? []),
        tools: [
          { name: "own loader", workloads: ["put"], run: (load) => runLoader(connect, load) },
        ],
        connect,
        async account() {
          const all = await Promise.all(servers.map(statusOf));
          const syncs = all.reduce((sum, status) => sum + (status?.syncs ?? Number.NaN), 0);
          return { syncs, succeeded: null, loopDelayMs: null };
        },
        close,
      };
    },
  };
}

async function peerServers(library: Library, directory: string): Promise<readonly PeerServer[]> {
  const ids = ["n1", "n2", "n3"];
  const ports = await freePorts(3 * ids.length);
  const addressAt = (i: number): string => `127.0.0.1:${ports[i]}`;
  return ids.map((id, i) => {
    const data = join(directory, id);
    mkdirSync(data);
    const options = {
      library,
      id: i + 1,
      peers: ids.map((_, peer) => addressAt(peer)).join(","),
      load: addressAt(3 + i),
      status: addressAt(6 + i),
      data,
    };
    const args = Object.entries(options).map(([flag, value]) => `-${flag}=${value}`);
    return {
      id,
      address: options.status,
      port: ports[3 + i] ?? 0,
      process: new MeasuredProcess(PROGRAM, args),
    };
  });
}

async function statusOf(server: MeasuredServer): Promise<Status | undefined> {
  return (await askJson(server, "/status")) as Status | undefined;
}
