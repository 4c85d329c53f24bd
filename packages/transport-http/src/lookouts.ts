// Asks the seeds who is there, again and again: without connections nothing else shows that a node
// came, left or was replaced by its next run.
import type { Sender } from "@raftkit/core";
import { PeerRejected } from "./errors.js";
import { backoffMs } from "./outbox.js";
import { hail } from "./post.js";
import type { Session } from "./session.js";
import { type Task, startTask } from "./task.js";

type Run = Pick<Sender, "incarnation" | "run">;

export interface Lookouts {
  /** Replaces the seeds. */
  list(seeds: readonly string[]): void;
  /** This run was disconnected: if it answers again, it is met again. */
  forget(cutOff: Run): void;
  stop(reason: Error): Promise<unknown>;
}

interface Lookout {
  forget(cutOff: Run): void;
  stop(reason: Error): Promise<unknown>;
}

export function createLookouts(session: Session): Lookouts {
  const lookouts = new Map<string, Lookout>();

  function keepOnly(seeds: ReadonlySet<string>, reason: Error): Promise<unknown> {
    const leaving = [...lookouts].filter(([seed]) => !seeds.has(seed));
    return Promise.all(
      leaving.map(([seed, lookout]) => {
        lookouts.delete(seed);
        return lookout.stop(reason);
      }),
    );
  }

  return {
    list(seeds) {
      void keepOnly(new Set(seeds), new Error("it is no longer a seed"));
      for (const seed of seeds) {
        if (!lookouts.has(seed)) lookouts.set(seed, createLookout(session, seed));
      }
    },
    forget(cutOff) {
      for (const lookout of lookouts.values()) lookout.forget(cutOff);
    },
    stop: (reason) => keepOnly(new Set(), reason),
  };
}

function createLookout(session: Session, seed: string): Lookout {
  const { clock, random, requestTimeoutMs } = session.settings;
  let stopped = false;
  let failures = 0;
  /** The node that answered last; undefined if none did. */
  let answerer: Sender | undefined;
  let looking: Task<Sender | undefined>;
  let cancelTimer = (): void => undefined;

  function look(): void {
    looking = startTask(clock, requestTimeoutMs, (signal) => hail(session, seed, signal));
    looking.done.then(found, failed);
  }

  function found(sender: Sender | undefined): void {
    if (stopped) return;
    failures = 0;
    lookAgain(Infinity);
    const known = answerer;
    answerer = sender;
    // Whoever was there isn't any more: it leads to this node itself.
    if (sender === undefined) session.peers.leave(seed);
    else if (!isSame(known, sender)) session.handler.met(sender);
  }

  function failed(cause: unknown): void {
    if (stopped) return;
    failures += 1;
    lookAgain(failures);
    answerer = undefined;
    session.peers.leave(seed);
    if (cause instanceof PeerRejected) session.reject(seed, cause);
  }

  function lookAgain(series: number): void {
    cancelTimer = clock.schedule(clock.now() + backoffMs(series, random), look);
  }

  look();
  return {
    forget(cutOff) {
      if (isSame(answerer, cutOff)) answerer = undefined;
    },
    stop(reason) {
      stopped = true;
      cancelTimer();
      looking.abort(reason);
      return looking.done.catch(() => undefined);
    },
  };
}

function isSame(known: Run | undefined, { incarnation, run }: Run): boolean {
  return known?.incarnation === incarnation && known.run === run;
}
