// A transfer of the leadership to a node that can't take it: paused, dead, or slow. The leader
// calls it off, or the node leads after all; both are answers.
import { ClusterError } from "../../errors.js";
import { nodeName } from "./fault-names.js";
import type { MemberFaultsOptions } from "./member-fault-options.js";
import { findLeader } from "./nemesis.js";
import type { FaultOutcome } from "./nemesis.js";
import type { MemberPlan } from "./schedule.js";

const SLOW = { type: "delay", latencyMs: 500, jitterMs: 200 } as const;

type Impairment = "paused" | "dead" | "slow";
const IMPAIRMENTS: readonly Impairment[] = ["paused", "dead", "slow"];

/** @param candidates voters, in the order in which they are chosen */
export async function stuckTransfer(
  { variant }: MemberPlan,
  candidates: readonly number[],
  options: MemberFaultsOptions,
): Promise<FaultOutcome | undefined> {
  const { fleet, operator } = options;
  const leader = await findLeader(options);
  const to = candidates.find((node) => node !== leader && fleet.isUp(node));
  const release = to === undefined || leader === undefined ? undefined : fleet.claim(to);
  if (to === undefined || !release) return undefined;
  const impairment = IMPAIRMENTS[variant % IMPAIRMENTS.length] ?? "paused";
  const target = `${nodeName(to)}, ${impairment}`;
  const heal = await impair(impairment, to, options);
  try {
    const { leaderId, term } = await operator.commands.transfer(nodeName(to));
    return { target, effect: `${leaderId} leads in term ${term}`, tookEffect: true };
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    return { target, effect: error.message, tookEffect: error.code === "REFUSED" };
  } finally {
    await heal();
    release();
  }
}

/** @returns heals it */
async function impair(
  impairment: Impairment,
  node: number,
  { fleet, network }: MemberFaultsOptions,
): Promise<() => void | Promise<void>> {
  switch (impairment) {
    case "paused":
      fleet.pause(node);
      return () => fleet.resume(node);
    case "dead":
      await fleet.kill([node]);
      return () => fleet.start([node]);
    case "slow": {
      const others = fleet.present().filter((other) => other !== node);
      const links = others.flatMap((other) => [[node, other] as const, [other, node] as const]);
      return network.impose(links, SLOW);
    }
  }
}
