// Whether something that was read from a file is a plan.
import { roles } from "./coverage.js";
import { faultKinds, phases } from "./plan.js";
import type { Fault, Plan } from "./plan.js";

export function isPlan(value: unknown): value is Plan {
  if (!isRecord(value) || !isRecord(value["load"]) || !Array.isArray(value["faults"])) return false;
  const { seed, tier, nodes, safetyMs, load, faults } = value;
  return Number.isSafeInteger(seed) && (tier === 1 || tier === 2) && isWhole(nodes, 1, 7) && isWhole(safetyMs, 0, 1e9)
    && isWhole(load["clients"], 0, 1000) && isWhole(load["keys"], 1, 1000) && isWhole(load["pauseMs"], 0, 1e9) && faults.every(isFault);
}

function isFault(value: unknown): value is Fault {
  if (!isRecord(value)) return false;
  const { kind, at, role, phase, durationMs, severity } = value;
  return isOneOf(kind, faultKinds) && isOneOf(role, roles) && isOneOf(phase, phases) && isWhole(at, 0, 1e9) && isWhole(durationMs, 0, 1e9)
    && typeof severity === "number" && severity >= 0 && severity < 1;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isOneOf(value: unknown, names: readonly string[]): boolean {
  return typeof value === "string" && names.includes(value);
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}
