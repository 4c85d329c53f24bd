// What everything in a run has to do with.
import type { SeededRandom, VirtualTime } from "@raftkit/simulation";
import type { Coverage } from "../plans/coverage.js";

export interface Run {
  readonly random: SeededRandom;
  readonly time: VirtualTime;
  readonly coverage: Coverage;
  readonly note: (line: string, detail?: () => string) => void;
  readonly broken: (check: string, message: string) => void;
}
