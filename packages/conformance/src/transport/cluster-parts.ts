// What a node needs beside the transport that is tested: a log and a codec as small as they can be,
// and a state machine that remembers what it did. In memory, for this suite alone.
import { changeRuns, checkedNextLogState, crc32, emptyLogState, RaftkitError } from "@raftkit/core";
import type { Codec, CodecValue, EntryRun, LogStorage, StateMachine } from "@raftkit/core";
import { joined } from "../bytes.js";
import { createChance } from "../random.js";

/** What is replicated: registers with names. */
export type RegisterCommand =
  | { readonly op: "write"; readonly key: string; readonly value: number }
  | {
      readonly op: "cas";
      readonly key: string;
      readonly expected: number | null;
      readonly value: number;
    };

/** And bytes, which make the state much larger than the log that leads to it. */
export type Command =
  | RegisterCommand
  | { readonly op: "grow"; readonly seed: number; readonly bytes: number };

export interface Registers extends StateMachine<Command, boolean, string, number | null> {
  /** All that was applied, in order, as text. */
  readonly applied: string[];
  /** Of everything that was applied, and of what it gave. */
  hash(): string;
}

const ENCODER = new TextEncoder();

export function createRegisters(): Registers {
  const values = new Map<string, number>();
  const applied: string[] = [];
  const grown: Uint8Array[] = [];
  let crc = 0;

  function note(text: string): void {
    applied.push(text);
    crc = crc32(ENCODER.encode(text), crc);
  }

  function write(command: Command): boolean {
    if (command.op === "grow") return true;
    if (command.op === "cas" && (values.get(command.key) ?? null) !== command.expected) {
      return false;
    }
    values.set(command.key, command.value);
    return true;
  }

  function grow(bytes: Uint8Array): void {
    grown.push(bytes);
    crc = crc32(bytes, crc);
  }

  return {
    applied,
    apply(command) {
      note(JSON.stringify(command));
      if (command.op === "grow") grow(createChance(command.seed).bytes(command.bytes));
      return write(command);
    },
    query: (key) => values.get(key) ?? null,
    hash: () => `${crc}`,
    // A line of JSON, and behind it all that it has grown by.
    snapshot() {
      const line = ENCODER.encode(`${JSON.stringify(applied)}\n`);
      return inPieces([line, ...grown]);
    },
    async restore(source) {
      const pieces: Uint8Array[] = [];
      for await (const piece of source) pieces.push(piece.slice());
      const whole = joined(pieces);
      let at = whole.indexOf(0x0a) + 1;
      const texts = JSON.parse(new TextDecoder().decode(whole.subarray(0, at))) as string[];
      values.clear();
      [applied.length, grown.length, crc] = [0, 0, 0];
      for (const text of texts) {
        const command = JSON.parse(text) as Command;
        note(text);
        if (command.op === "grow") grow(whole.slice(at, (at += command.bytes)));
        write(command);
      }
    },
  };
}

async function* inPieces(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await Promise.resolve();
    yield part.slice();
  }
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
