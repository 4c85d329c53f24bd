// Passes each of core's effects to the part that carries it out. Within one lane the order of the
// effects is kept.
import type { Effect, Index, RaftkitError } from "@raftkit/core";
import type { CounterName } from "./api.js";
import type { CallEffect } from "./client-calls.js";
import type { LogLane } from "./log-lane.js";
import type { MachineLane } from "./machine-lane.js";
import type { MembershipCalls } from "./membership-calls.js";
import type { News } from "./news.js";
import type { Snapshots } from "./snapshots.js";
import type { Traffic } from "./traffic.js";

/** The parts of a node. */
export interface Performers {
  readonly counters: Record<CounterName, number>;
  readonly logLane: LogLane;
  readonly machineLane: MachineLane;
  readonly snapshots: Snapshots;
  readonly traffic: Traffic;
  readonly calls: { perform(effect: CallEffect, lastApplied: Index): void };
  readonly membership: MembershipCalls;
  onRole(effect: Extract<Effect, { readonly type: "role" }>): void;
  onNews(news: News): void;
  fail(error: RaftkitError): void;
}

export function perform(effect: Effect, node: Performers): void {
  switch (effect.type) {
    case "persist":
      node.counters.persists++;
      node.logLane.push(effect.seq, effect.operations);
      break;
    case "apply":
      node.machineLane.push(effect.entries);
      node.snapshots.grew(effect.entries);
      break;
    case "restore":
      node.machineLane.pushRestore(effect.snapshot);
      break;
    case "configure":
      node.traffic.configure(effect.peers);
      break;
    case "send":
      node.traffic.send(effect.to, effect.message);
      break;
    case "dropped":
      node.traffic.drop(effect.from, effect.reason, effect.disconnect);
      break;
    case "accepted":
    case "rejected":
    case "unknown":
    case "readReady":
    case "readRejected":
    case "transferred":
    case "transferRejected":
      node.calls.perform(effect, node.machineLane.lastApplied);
      break;
    case "membershipVerdict":
      node.membership.onVerdict(effect);
      break;
    case "role":
      node.onRole(effect);
      break;
    case "committed":
    case "membership":
    case "notice":
    case "voteRefused":
    case "diverged":
    case "removed":
    case "introduced":
      node.onNews(effect);
      break;
    case "failed":
      node.fail(effect.error);
      break;
    default:
      node.snapshots.perform(effect);
  }
}
