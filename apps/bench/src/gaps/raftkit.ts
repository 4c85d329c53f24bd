// raftkit's own server, apps/server, with TCP, msgpack and file storage.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { MeasuredProcess } from "./process.js";
import { askJson, freePorts } from "./system.js";
import type { MeasuredServer, MeasuredSystem } from "./system.js";

const program = join(
  dirname(createRequire(import.meta.url).resolve("@raftkit-app/server/package.json")),
  "dist/main.js",
);

export const raftkit: MeasuredSystem = {
  name: "raftkit",
  protocol: {
    write: (key, value) => ({ method: "PUT", path: `/v1/kv/${key}`, body: value }),
    // 200 would mean that the key was there: each write has one of its own.
    acknowledged: (status, body) =>
      status === 201 ? (JSON.parse(body) as { index: number }).index : undefined,
  },
  async servers(directory, { heartbeatMs, electionMs }) {
    const ports = await freePorts(6);
    const ids = ["n1", "n2", "n3"];
    const peers = ids.map((id, i) => `${id}=127.0.0.1:${ports[i]}`).join(",");
    return ids.map((id, i) => {
      const address = `127.0.0.1:${ports[3 + i]}`;
      const options = {
        id,
        peers,
        http: address,
        data: join(directory, id),
        "heartbeat-ms": heartbeatMs,
        "election-timeout-ms": `${electionMs}-${2 * electionMs}`,
        "log-level": "warn",
      };
      const args = Object.entries(options).map(([flag, value]) => `--${flag}=${value}`);
      return { id, address, process: new MeasuredProcess(process.execPath, [program, ...args]) };
    });
  },
  async leads(server) {
    const status = (await askJson(server, "/v1/status")) as { role?: string } | undefined;
    return status?.role === "leader";
  },
  isReady: async (server) => (await askJson(server, "/readyz")) !== undefined,
};

/**
 * Everything that this server's cluster holds, with the place of each key's last write.
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
