// Reigns of this node as an async iterable. A reign begins when the no-op of its own term is
// applied: from then on the local state holds everything that was committed before it.
import type { Term } from "@raftkit/core";
import type { Reign } from "./api.js";

export interface Leadership {
  begin(term: Term): void;
  end(): void;
  /** Ends the present reign and every iteration. */
  close(): void;
  reigns(signal: AbortSignal | undefined): AsyncIterable<Reign>;
}

export function createLeadership(): Leadership {
  let present: { readonly reign: Reign; readonly controller: AbortController } | null = null;
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

  async function* reigns(signal: AbortSignal | undefined): AsyncGenerator<Reign> {
    let lastTerm = 0;
    const onAbort = (): void => wakeAll();
    signal?.addEventListener("abort", onAbort);
    try {
      while (!closed && signal?.aborted !== true) {
        if (present && present.reign.term > lastTerm) {
          lastTerm = present.reign.term;
          yield present.reign;
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
      present = { reign: { term, signal: controller.signal }, controller };
      wakeAll();
    },
    end,
    close() {
      closed = true;
      end();
      wakeAll();
    },
    reigns,
  };
}
