// Leadership of this node as an async iterable. It begins when the no-op of its own term is
// applied: from then on the local state holds everything that was committed before it.
import type { Term } from "@raftkit/core";
import type { LeadershipTerm } from "./api.js";

export interface Leadership {
  begin(term: Term): void;
  end(): void;
  /** Ends the present leadership and every iteration. */
  close(): void;
  leaderships(signal: AbortSignal | undefined): AsyncIterable<LeadershipTerm>;
}

export function createLeadership(): Leadership {
  let present: {
    readonly leadership: LeadershipTerm;
    readonly controller: AbortController;
  } | null = null;
  let closed = false;
  const wakers = new Set<() => void>();

  function wakeAll(): void {
    for (const wake of wakers) wake();
    wakers.clear();
  }

  function end(): void {
    present?.controller.abort();
    present = null;
  }

  async function* leaderships(signal: AbortSignal | undefined): AsyncGenerator<LeadershipTerm> {
    let lastTerm = 0;
    const onAbort = (): void => wakeAll();
    signal?.addEventListener("abort", onAbort);
    try {
      while (!closed && signal?.aborted !== true) {
        if (present && present.leadership.term > lastTerm) {
          lastTerm = present.leadership.term;
          yield present.leadership;
        } else {
          await new Promise<void>((wake) => wakers.add(wake));
        }
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  return {
    begin(term) {
      end();
      const controller = new AbortController();
      present = { leadership: { term, signal: controller.signal }, controller };
      wakeAll();
    },
    end,
    close() {
      closed = true;
      end();
      wakeAll();
    },
    leaderships,
  };
}
