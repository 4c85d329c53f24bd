// What a node needs beside the transport that is tested: a log and a codec as small as they can be,
// and a state machine that remembers what it did. In memory, for this suite alone.
import { changeRuns, checkedNextLogState, emptyLogState, RaftkitError } from "@raftkit/core";
import type { Codec, CodecValue, EntryRun, LogStorage, StateMachine } from "@raftkit/core";

/** What is replicated: registers with names. */
export type Command =
  | { readonly op: "write"; readonly key: string; readonly value: number }
  | {
      readonly op: "cas";
      readonly key: string;
      readonly expected: number | null;
      readonly value: number;
    };

export interface Registers extends StateMachine<Command, boolean, string, number | null> {
  /** All that was applied, in order, as text. */
  readonly applied: string[];
}

export function createRegisters(): Registers {
  const values = new Map<string, number>();
  const applied: string[] = [];
  return {
    applied,
    apply(command) {
      applied.push(JSON.stringify(command));
      if (command.op === "cas" && (values.get(command.key) ?? null) !== command.expected) {
        return false;
      }
      values.set(command.key, command.value);
      return true;
    },
    query: (key) => values.get(key) ?? null,
  };
}

/** Values as JSON. Bytes, which it doesn't know, don't occur in these clusters. */
export const plainCodec: Codec = {
  name: "plain",
  encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
  decode(bytes) {
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as CodecValue;
    } catch (cause) {
      throw new RaftkitError("CODEC_DECODE", `${bytes.length} bytes are not JSON`, { cause });
    }
  },
};

/** Outlives its node: what was written is there when it is opened again. */
export function createLog(incarnation: string): LogStorage {
  const runs: EntryRun[] = [];
  let state = emptyLogState;
  let run = 0;
  return {
    open: () =>
      Promise.resolve({
        incarnation,
        run: ++run,
        base: state.base,
        hardState: state.hardState,
        entries: [...runs],
      }),
    async write(operations) {
      state = operations.reduce(checkedNextLogState, state);
      for (const operation of operations) changeRuns(runs, operation);
    },
    close: () => Promise.resolve(),
  };
}
