// A minimal state machine that hides nothing: it keeps the commands that it applied, in order,
// twice if they came twice.
import type { StateMachine } from "@raftkit/core";

export interface JournalEntry {
  readonly text: string;
  readonly index: number;
  readonly term: number;
}

/**
 * Commands are texts; a command's result is its place in the journal, counted from 1; a query gives
 * all texts.
 */
export type Journal = StateMachine<string, number, null, readonly string[]>;

/** @param options.onApply is told of each command as it is applied */
export function createJournal(
  options: { readonly onApply?: (entry: JournalEntry) => void } = {},
): Journal {
  let texts: string[] = [];
  return {
    apply(text, { index, term }) {
      texts.push(text);
      options.onApply?.({ text, index, term });
      return texts.length;
    },
    query: () => [...texts],
    snapshot() {
      const captured = new TextEncoder().encode(JSON.stringify(texts));
      return (async function* () {
        yield captured;
      })();
    },
    async restore(source) {
      const decoder = new TextDecoder();
      let json = "";
      for await (const chunk of source) json += decoder.decode(chunk, { stream: true });
      const restored: unknown = JSON.parse(json);
      if (!Array.isArray(restored) || !restored.every((text) => typeof text === "string")) {
        throw new TypeError("this snapshot is no journal");
      }
      texts = restored;
    },
  };
}
