// An operator puts an old copy of a data directory back: real servers, a real copy. No acknowledged
// write may be missing, and the node must end with the error that says what to do.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { changeNode } from "../src/cli/control-client.js";
import type { UpCluster } from "./support/cluster.js";
import { up } from "./support/cluster.js";
import { temporaryDirectory } from "./support/environment.js";
import { readAll } from "./support/steady-load.js";

const WAIT = { timeout: 20_000, interval: 20 };
const WRITES = 39;
/** A node that was rolled back may never answer. */
const PATIENCE_MS = 8000;

test(
  "a copy of a data directory that was put back: nothing acknowledged is missing, and the node says so",
  { timeout: 120_000 },
  async () => {
    const data = temporaryDirectory();
    const cluster = await up(["--data", data, "--fresh"]);
    const acknowledged = new Map<string, string>();
    const write = async (number: number, key: string): Promise<boolean> => {
      const response = await fetch(`${cluster.http(number)}/v1/kv/${key}`, {
        method: "PUT",
        body: `value of ${key}`,
        signal: AbortSignal.timeout(PATIENCE_MS),
      }).catch(() => undefined);
      await response?.arrayBuffer().catch(() => {});
      if (response?.status !== 201) return false;
      acknowledged.set(key, `value of ${key}`);
      return true;
    };
    const victim = await followerOf(cluster);
    const [directory, copy] = [join(data, `n${victim}`), join(data, "copy")];
    const stop = () => changeNode(cluster.httpBase, String(victim), "kill");
    const start = () => changeNode(cluster.httpBase, String(victim), "restart");

    await vi.waitFor(async () => expect(await write(victim, "first")).toBe(true), WAIT);
    await stop();
    cpSync(directory, copy, { recursive: true });
    await start();
    for (let i = 0; i < WRITES; i++) {
      await vi.waitFor(async () => expect(await write(victim, `before-${i}`)).toBe(true), WAIT);
    }
    await stop();
    rmSync(directory, { recursive: true });
    cpSync(copy, directory, { recursive: true });
    // It may end before it has said that it serves.
    await start().catch(() => {});
    const views = async () => {
      const nodes = await cluster.nodes();
      return { nodes, it: nodes.find(({ number }) => number === victim) };
    };
    await vi.waitFor(async () => {
      const { it } = await views();
      expect(it?.state === "ended" || typeof it?.status?.leaderId === "string").toBe(true);
    }, WAIT);
    const writes = Array.from({ length: WRITES }, (_, i) => write(victim, `after-${i}`));
    // A node that goes on all the same gets verdicts of its former writes now, and catches up with
    // the next leader.
    const { nodes } = await views();
    const leader = nodes.find(({ status }) => status?.role === "leader")?.id ?? "leader";
    await changeNode(cluster.httpBase, leader, "kill");
    await Promise.all(writes);
    await changeNode(cluster.httpBase, leader, "restart");

    for (const number of [1, 2, 3].filter((other) => other !== victim)) {
      const found = await vi.waitFor(() => readAll(cluster.http(number)), WAIT);
      expect([...acknowledged].filter(([key, value]) => found.get(key) !== value)).toEqual([]);
    }
    await vi.waitFor(async () => {
      const { it } = await views();
      expect(it?.state).toBe("ended");
      expect(it?.reason).toMatch(/roll(ed)? back|older copy|was put back/i);
    }, WAIT);
    expect(acknowledged.size).toBeGreaterThan(WRITES);
  },
);

/** The number of a node that follows. */
function followerOf(cluster: UpCluster): Promise<number> {
  return vi.waitFor(async () => {
    const nodes = await cluster.nodes();
    const follower = nodes.find(
      ({ status }) => status?.role === "follower" && status.leaderId !== null,
    );
    if (follower === undefined) throw new Error("no node follows yet");
    return follower.number;
  }, WAIT);
}
