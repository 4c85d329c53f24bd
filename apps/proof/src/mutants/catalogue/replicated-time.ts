// Faults in replicated time: the clock entries of core, and what the runtime makes of them. One
// changed place each.
import type { Mutant } from "../mutant.js";

export const replicatedTime: readonly Mutant[] = [
  {
    id: "core-clock-1",
    file: "packages/core/src/operations/transitions.ts",
    find: "clockToldAt: state.now,",
    replace: "clockToldAt: 0,",
    why: "time without a leader counts: a new leader's clock ends all sessions",
  },
  {
    id: "core-clock-2",
    file: "packages/core/src/operations/leader-append.ts",
    find: "const elapsedMs = Math.min(Math.floor(passedMs), CLOCK_ELAPSED_MS_MAX);",
    replace: "const elapsedMs = Math.floor(passedMs);",
    why: "a clock that is a year ahead ends all sessions, or its entry is no entry for others",
  },
  {
    id: "core-clock-3",
    file: "packages/core/src/handlers/forward.ts",
    find: "  appendClock(state, role, bytes);\n  const firstIndex = state.log.lastIndex + 1;",
    replace: "  const firstIndex = state.log.lastIndex + 1;\n  appendClock(state, role, bytes);",
    why: "the verdict on a forward names the clock entry in front of its commands",
  },
  {
    id: "core-clock-4",
    file: "packages/core/src/operations/leader-append.ts",
    find: "  if (exceededBound(state, leader, bytes + CLOCK_BYTES + ENTRY_OVERHEAD_BYTES)) return;\n",
    replace: "",
    why: "a command is refused for the clock entry in front of it, which stands there alone",
  },
  {
    id: "core-clock-5",
    file: "packages/core/src/encoding/clock.ts",
    find: "return elapsedMs <= CLOCK_ELAPSED_MS_MAX ? elapsedMs : undefined;",
    replace: "return elapsedMs;",
    why: "a peer's clock entry moves time by weeks",
  },
  {
    id: "core-clock-6",
    file: "packages/core/src/encoding/fields.ts",
    find: "    if (holds(EntryKind.clock) && !areClocksRight(run)) return this.#refuse([]);\n",
    replace: "",
    why: "what a peer calls a clock entry isn't looked at",
  },
  {
    id: "core-clock-7",
    file: "packages/core/src/operations/leader-append.ts",
    find: "if (clockIntervalMs === undefined || passedMs < clockIntervalMs) return;",
    replace: "if (clockIntervalMs === undefined) return;",
    why: "every command has a clock entry in front of it",
  },
  {
    id: "raftkit-clock-1",
    file: "packages/raftkit/src/machine-lane.ts",
    find: "          elapsedMs = 0;\n",
    replace: "",
    why: "time that was told is told again with every command",
  },
  {
    id: "raftkit-clock-2",
    file: "packages/raftkit/src/machine-lane.ts",
    find: "          if (elapsedMs === 0) completeIndex = index;",
    replace: "          completeIndex = index;",
    why: "a snapshot is taken behind a clock entry that its state doesn't hold: that time is lost",
  },
  {
    id: "raftkit-clock-3",
    file: "packages/raftkit/src/machine-lane.ts",
    find: "elapsedMs += decodeClock(",
    replace: "elapsedMs = decodeClock(",
    why: "of two clock entries before a command only the last one counts",
  },
];
