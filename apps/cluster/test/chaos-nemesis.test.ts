// The schedule as it is carried out: who is hit, that everything is healed again, and what a late run leaves out.
import { expect, test } from "vitest";
import type { Fleet } from "../src/chaos/fleet.js";
import { runNemesis } from "../src/chaos/nemesis.js";
import type { Strike } from "../src/chaos/nemesis.js";
import type { Network } from "../src/chaos/network.js";
import type { PlannedFault } from "../src/chaos/schedule.js";

interface Carried {
  /** What was done, in order. */
  readonly done: readonly string[];
  readonly strikes: readonly Strike[];
}

async function carryOut(faults: readonly PlannedFault[], { leader, endMs = 60_000, signal = new AbortController().signal }: { leader: number | undefined; endMs?: number; signal?: AbortSignal }): Promise<Carried> {
  const done: string[] = [];
  const strikes: Strike[] = [];
  const note = (what: string) => (nodes: number | readonly number[]) => {
    done.push(`${what} ${String(nodes)}`);
    return Promise.resolve();
  };
  const fleet: Pick<Fleet, "kill" | "start" | "restart" | "wipe" | "restore" | "pause" | "resume"> = {
    kill: note("kill"), start: note("start"), restart: note("restart"), wipe: note("wipe"), restore: note("restore"), pause: (node) => void note("pause")(node), resume: (node) => void note("resume")(node),
  };
  const network: Pick<Network, "impose" | "totals"> = {
    impose(links, { type }) {
      done.push(`${type} ${links.map((link) => link.join(">")).join(" ")}`);
      return () => void done.push(`no ${type}`);
    },
    totals: () => ({ proxies: 6, carriedBytes: 0, swallowedBytes: 0, heldBytes: 0, resetConnections: 2 * done.length }),
  };
  await runNemesis({ faults, endMs, fleet, network, observer: { leader: () => leader }, now: () => performance.now(), signal, onStrike: (strike) => strikes.push(strike) });
  return { done, strikes };
}

const times = { atMs: 0, durationMs: 1 };
const process = (kind: "kill-leader" | "kill-follower" | "kill-several" | "pause-leader" | "restart" | "wipe", count = 1): PlannedFault => ({ ...times, kind, nodes: [2, 0, 1], count });
const links = (aim: "leader" | "anyone"): PlannedFault => ({ ...times, kind: "cut-one-way", nodes: [0, 1, 2], aim, links: [[0, 1], [2, 0]], effect: { type: "cut" } });

test("the leader's faults hit the leader, a follower's another node; each is healed", async () => {
  expect((await carryOut([process("kill-leader")], { leader: 1 })).done).toEqual(["kill 1", "start 1"]);
  expect((await carryOut([process("kill-leader")], { leader: undefined })).done).toEqual(["kill 2", "start 2"]);
  expect((await carryOut([process("kill-follower")], { leader: 2 })).done).toEqual(["kill 0", "start 0"]);
  expect((await carryOut([process("kill-several", 2)], { leader: 1 })).done).toEqual(["kill 2,0", "start 2,0"]);
  expect((await carryOut([process("pause-leader")], { leader: 0 })).done).toEqual(["pause 0", "resume 0"]);
  expect((await carryOut([process("restart")], { leader: 0 })).done).toEqual(["restart 2"]);
  const wiped = await carryOut([process("wipe")], { leader: 2 });
  expect([wiped.done, wiped.strikes[0]?.target]).toEqual([["wipe 2", "restore 2"], "n3 (n3 led)"]);
});

test("links aimed at the leader are exchanged with its own; what was done to them is told", async () => {
  const { done, strikes } = await carryOut([links("leader")], { leader: 1 });
  expect(done).toEqual(["cut 1>0 2>1", "no cut"]);
  expect(strikes[0]).toMatchObject({ kind: "cut-one-way", target: "reset n2 → n1, n3 → n2", effect: "4 connections reset" });
  expect((await carryOut([links("anyone")], { leader: 1 })).done).toEqual(["cut 0>1 2>0", "no cut"]);
});

test("late, a kind that has struck is left out, another is not", async () => {
  const { strikes } = await carryOut([process("restart"), process("restart"), process("wipe"), process("restart"), links("anyone"), links("anyone")], { leader: 0, endMs: -1 });
  expect(strikes.map(({ kind }) => kind).toSorted()).toEqual(["cut-one-way", "restart", "wipe"]);
});

test("aborted, it strikes no more", async () => {
  const ending = new AbortController();
  ending.abort(new Error("enough"));
  await expect(carryOut([process("kill-leader")], { leader: 0, signal: ending.signal })).rejects.toThrow("aborted");
});
