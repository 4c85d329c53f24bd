// The measured system: three server processes, and how to ask them over HTTP.
import { setTimeout as sleep } from "node:timers/promises";
import type { MeasuredProcess } from "./process.js";
import type { WriteProtocol } from "./write-load.js";

/** Of both systems. An election timeout is drawn from `electionMs` to twice as much. */
export interface Timeouts {
  readonly heartbeatMs: number;
  readonly electionMs: number;
}

/** etcd's defaults: on a busy machine the leader stays. */
export const ETCD_TIMEOUTS: Timeouts = { heartbeatMs: 100, electionMs: 1000 };

export interface MeasuredServer {
  readonly id: string;
  /** Where it serves: `host:port`. */
  readonly address: string;
  readonly process: MeasuredProcess;
}

export interface MeasuredSystem {
  readonly name: string;
  readonly protocol: WriteProtocol;
  /** Three that aren't started yet, with new data in this folder. */
  servers(directory: string, timeouts: Timeouts): Promise<readonly MeasuredServer[]>;
  leads(server: MeasuredServer): Promise<boolean>;
  /** Whether it is a working member, and can answer for what is committed. */
  isReady(server: MeasuredServer): Promise<boolean>;
}

const WAIT_MS = 60_000;
const ASK_EVERY_MS = 20;
const ASK_TIMEOUT_MS = 1000;

/** @throws it ended, or isn't ready in time */
export async function waitUntilReady(
  system: Pick<MeasuredSystem, "name" | "isReady">,
  server: MeasuredServer,
): Promise<void> {
  const until = performance.now() + WAIT_MS;
  while (performance.now() < until) {
    if (await system.isReady(server)) return;
    if (!server.process.isRunning) {
      throw new Error(`${system.name}'s ${server.id} ended: ${server.process.lastWords}`);
    }
    await sleep(ASK_EVERY_MS);
  }
  throw new Error(`${system.name}'s ${server.id} isn't ready after ${WAIT_MS / 1000} s`);
}

/** @throws nobody leads in time */
export async function leaderOf<Server extends MeasuredServer>(
  system: Pick<MeasuredSystem, "name" | "leads">,
  servers: readonly Server[],
): Promise<Server> {
  const until = performance.now() + WAIT_MS;
  while (performance.now() < until) {
    const leads = await Promise.all(servers.map((server) => system.leads(server)));
    const leader = servers.find((_, i) => leads[i]);
    if (leader && leads.filter(Boolean).length === 1) return leader;
    await sleep(ASK_EVERY_MS);
  }
  throw new Error(`${system.name} has no leader after ${WAIT_MS / 1000} s`);
}

/** @returns undefined unless it answers with 200 in time */
export async function askJson(
  { address }: MeasuredServer,
  path: string,
  body?: object,
): Promise<unknown> {
  try {
    const response = await fetch(`http://${address}${path}`, {
      ...(body && { method: "POST", body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ASK_TIMEOUT_MS),
    });
    const text = await response.text();
    return response.ok ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** @param address `host:port` */
export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}
