// Clients that read what a node has applied, however old (`local`), or at least so much
// (`atLeast`). Such reads are no part of the linearizable history: each must show exactly the state
// of the index that it names, and that index is as new as was asked for, and on one node never goes
// back.
import type { Index } from "@raftkit/core";
import type { SeededRandom, VirtualTime } from "@raftkit/simulation";
import { ReadFailed } from "raftkit";
import type { Consistency } from "raftkit";
import type { Coverage } from "../plans/coverage.js";
import type { Computer } from "./computer.js";
import type { KvHistory } from "./kv-history.js";

export interface StateReaderOptions {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly coverage: Coverage;
  readonly pauseMs: number;
  readonly keys: number;
  readonly computers: readonly Computer[];
  readonly history: KvHistory;
  readonly note: (line: string) => void;
  readonly broken: (check: string, message: string) => void;
}

/** @returns lets them begin nothing more */
export function startStateReaders(options: StateReaderOptions): () => void {
  const { time, random, coverage, computers, history, note, broken } = options;
  /** Of what anybody read last, anywhere. */
  let newest: Index = 0;
  let stopped = false;

  async function read(computer: Computer): Promise<void> {
    const { node, status, runs } = computer;
    if (!node || !status) return;
    const key = `k${random.integer(options.keys)}`;
    const isLocal = random.chance(0.4);
    // Now and then beyond what anybody has.
    const atLeast = newest + (random.chance(0.2) ? random.integer(20) : 0);
    const consistency: Consistency = isLocal ? "local" : { atLeast };
    const wanted = isLocal ? status.lastApplied : Math.max(atLeast, status.lastApplied);
    let index = -1;
    try {
      const timeoutMs = random.pick([20, 100, 500]);
      const onIndex = (found: Index): void => void (index = found);
      const answer = await node.read({ type: "get", key }, { consistency, timeoutMs, onIndex });
      if (computer.runs !== runs || computer.node !== node) return;
      const version = answer.type === "get" ? (answer.entry?.index ?? 0) : -1;
      newest = Math.max(newest, index);
      coverage.countCell(isLocal ? "read local" : "read atLeast");
      note(`a reader of ${key} at ${computer.id} sees ${version} at ${index}`);
      if (index < wanted) {
        broken("state-reads", `${computer.id} was asked for ${wanted}, and shows ${index}`);
      }
      const right = history.versionAt(key, index);
      if (version !== right) {
        broken(
          "state-reads",
          `${computer.id} shows ${key} at ${index} as written at ${version}; it was at ${right}`,
        );
      }
    } catch (error) {
      const reason = error instanceof ReadFailed ? error.reason : undefined;
      if (reason === undefined) broken("state-reads", `a read ended with ${String(error)}`);
      if (reason === "behind") coverage.countCell("read behind");
    }
  }

  function later(): void {
    time.at(time.now() + 1 + random.between(0, 2 * options.pauseMs), () => {
      if (stopped) return;
      const computer = random.pick(computers);
      if (!computer.process.stalled) void read(computer);
      later();
    });
  }
  later();
  return () => {
    stopped = true;
  };
}
