// etcd, as Debian's etcd-server installs it, asked through its JSON gateway.
import { join } from "node:path";
import { freePorts } from "../free-ports.js";
import { MeasuredProcess } from "./process.js";
import { askJson } from "./system.js";
import type { MeasuredSystem } from "./system.js";

const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");

export const etcd: MeasuredSystem = {
  name: "etcd",
  protocol: {
    write: (key, value) => ({
      method: "POST",
      path: "/v3/kv/put",
      body: Buffer.from(JSON.stringify({ key: base64(key), value: base64(value) })),
    }),
    acknowledged(status, body) {
      if (status !== 200) return undefined;
      const { header } = JSON.parse(body) as { header?: { revision?: string } };
      return header?.revision === undefined ? undefined : Number(header.revision);
    },
  },
  async servers(directory, { heartbeatMs, electionMs }) {
    const ports = await freePorts(6);
    const ids = ["n1", "n2", "n3"];
    const peer = (i: number): string => `http://127.0.0.1:${ports[i]}`;
    const cluster = ids.map((id, i) => `${id}=${peer(i)}`).join(",");
    return ids.map((id, i) => {
      const address = `127.0.0.1:${ports[3 + i]}`;
      const options = {
        name: id,
        "data-dir": join(directory, id),
        "listen-peer-urls": peer(i),
        "initial-advertise-peer-urls": peer(i),
        "listen-client-urls": `http://${address}`,
        "advertise-client-urls": `http://${address}`,
        "initial-cluster": cluster,
        "initial-cluster-state": "new",
        "heartbeat-interval": heartbeatMs,
        "election-timeout": electionMs,
      };
      const args = Object.entries(options).map(([flag, value]) => `--${flag}=${value}`);
      return { id, address, process: new MeasuredProcess("etcd", args) };
    });
  },
  async leads(server) {
    const status = (await askJson(server, "/v3/maintenance/status", {})) as
      | { header?: { member_id?: string }; leader?: string }
      | undefined;
    return status?.leader !== undefined && status.leader === status.header?.member_id;
  },
  async isReady(server) {
    const health = (await askJson(server, "/health")) as { health?: unknown } | undefined;
    return String(health?.health) === "true";
  },
};
