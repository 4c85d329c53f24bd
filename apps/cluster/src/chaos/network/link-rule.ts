// What a link does to bytes that pass over it now: the sum of the faults that hold on it. Pure.
import type { LinkEffect } from "../faults/schedule.js";

export interface LinkRule {
  readonly cut: boolean;
  readonly blackhole: boolean;
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
}

export const CLEAR: LinkRule = {
  cut: false,
  blackhole: false,
  latencyMs: 0,
  jitterMs: 0,
  bytesPerSecond: Infinity,
};

export function ruleOf(effects: Iterable<LinkEffect>): LinkRule {
  let rule = CLEAR;
  for (const effect of effects) {
    switch (effect.type) {
      case "cut":
      case "blackhole":
        rule = { ...rule, [effect.type]: true };
        break;
      case "delay":
        rule = {
          ...rule,
          latencyMs: rule.latencyMs + effect.latencyMs,
          jitterMs: rule.jitterMs + effect.jitterMs,
        };
        break;
      case "throttle":
        rule = { ...rule, bytesPerSecond: Math.min(rule.bytesPerSecond, effect.bytesPerSecond) };
        break;
    }
  }
  return rule;
}
