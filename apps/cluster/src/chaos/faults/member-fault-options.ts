// What operators' commands of a run work on.
import type { Fleet } from "../processes/fleet.js";
import type { Observer } from "../processes/observer.js";
import type { Network } from "../network/network.js";
import type { Operator } from "./operator.js";

export interface MemberFaultsOptions {
  readonly operator: Operator;
  readonly fleet: Fleet;
  readonly network: Pick<Network, "impose">;
  readonly observer: Observer;
  /** How many voters there were at first, and how many places a plan has. */
  readonly nodes: number;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** For one command, repetitions included. */
export const INSIST_MS = 30_000;
