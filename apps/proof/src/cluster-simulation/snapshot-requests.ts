// Somebody asks nodes for snapshots, at random moments, and rather those that are just being sent
// one. What they get must hold all that was applied there when they asked; what fails must say so.
import type { SeededRandom, VirtualTime } from "@raftkit/simulation";
import { SnapshotFailed } from "raftkit";
import type { Computer } from "./computer.js";

export interface RequestOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  /** On average, for each node. ms */
  readonly everyMs: number;
  readonly computers: readonly Computer[];
  /** The last index up to this one at which there is a command. */
  lastCommand(index: number): number;
  /** It is being sent one. */
  isReceiving(computer: Computer): boolean;
  asking(computer: Computer, done: Promise<unknown>): void;
  readonly broken: (message: string) => void;
}

/** @returns ends it */
export function requestSnapshots(options: RequestOptions): () => void {
  const { time, random, everyMs, computers, broken } = options;
  let stopped = false;

  function ask(computer: Computer): void {
    const { node, status } = computer;
    if (node === undefined || status === undefined) return;
    const wanted = options.lastCommand(status.lastApplied);
    const done = node.snapshot();
    options.asking(computer, done);
    done.then(
      ({ index }) => {
        if (index < wanted) {
          broken(`${computer.id} was asked for a snapshot of ${wanted}, and saved one of ${index}`);
        }
      },
      (error: unknown) => {
        if (!(error instanceof SnapshotFailed)) {
          broken(`${computer.id} was asked for a snapshot, which ended with ${String(error)}`);
        }
      },
    );
  }

  function later(computer: Computer): void {
    time.at(time.now() + 1 + random.between(0, 2 * everyMs), () => {
      if (stopped) return;
      const asked = computers.find((one) => options.isReceiving(one)) ?? computer;
      if (!asked.process.stalled) ask(asked);
      later(computer);
    });
  }

  for (const computer of computers) later(computer);
  return () => {
    stopped = true;
  };
}
