// What the tests share: a machine that shows every execution, and a driver that gives a machine with
// sessions its commands as a log would.
import type { Index, Returns, StateMachine } from "@raftkit/core";
import { createJsonCodec } from "@raftkit/codec-json";
import type {
  SessionOutcome,
  SessionsCommand,
  SessionsOptions,
  SessionsResult,
} from "../../src/index.js";
import {
  closeSession,
  numberedCommand,
  openSession,
  plainCommand,
  withSessions,
} from "../../src/index.js";
import type { SessionsMachine } from "../../src/index.js";

export interface Add extends Returns<Sum> {
  readonly add: string;
  readonly by: number;
}
export interface Take extends Returns<Taken> {
  readonly take: string;
}
export type Command = Add | Take;
export type Sum = { readonly sum: number };
/** A business error is a result. */
export type Taken = { readonly taken: number } | { readonly error: "nothing there" };
export type Result = Sum | Taken;
export type State = readonly (readonly [name: string, sum: number])[];

export interface Ledger extends StateMachine<Command, Result, null, State> {
  /** Every call of apply in this instance. */
  readonly executed: readonly { readonly command: Command; readonly elapsedMs: number }[];
  hash(): string;
  snapshot(): AsyncIterable<Uint8Array>;
  restore(source: AsyncIterable<Uint8Array>): Promise<void>;
}

export function createLedger(): Ledger {
  let sums = new Map<string, number>();
  const executed: { command: Command; elapsedMs: number }[] = [];
  const state = (): State => [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = (): string => JSON.stringify(state());
  return {
    executed,
    apply(command, { elapsedMs }): Result {
      executed.push({ command, elapsedMs });
      if ("add" in command) {
        const sum = (sums.get(command.add) ?? 0) + command.by;
        sums.set(command.add, sum);
        return { sum };
      }
      const taken = sums.get(command.take);
      if (taken === undefined) return { error: "nothing there" };
      sums.delete(command.take);
      return { taken };
    },
    query: state,
    hash: text,
    snapshot() {
      const captured = new TextEncoder().encode(text());
      return (async function* () {
        for (let at = 0; at < captured.length; at += 64) yield captured.subarray(at, at + 64);
      })();
    },
    async restore(source) {
      const decoder = new TextDecoder();
      let json = "";
      for await (const piece of source) json += decoder.decode(piece, { stream: true });
      sums = new Map(JSON.parse(json) as [string, number][]);
    },
  };
}

export const codec = createJsonCodec();

/** A machine with sessions, and its log. */
export class Driver {
  ledger: Ledger = createLedger();
  machine: SessionsMachine<Command, Result, null, State>;
  index: Index = 0;
  readonly options: SessionsOptions;

  constructor(options: Partial<SessionsOptions> = {}) {
    this.options = { codec, ...options };
    this.machine = withSessions(this.ledger, this.options);
  }

  apply(command: SessionsCommand<Command, Result>, elapsedMs = 0): SessionsResult<Result> {
    const result = this.machine.apply(command, { index: ++this.index, term: 1, elapsedMs });
    return result as SessionsResult<Result>;
  }

  open(elapsedMs = 0): Index {
    const opened = this.apply(openSession(), elapsedMs);
    if (!("session" in opened)) throw new Error("no session was opened");
    return opened.session;
  }

  close(session: Index): SessionsResult<Result> {
    return this.apply(closeSession(session));
  }

  plain(command: Command, elapsedMs = 0): SessionsResult<Result> {
    return this.apply(plainCommand(command), elapsedMs);
  }

  /** @param lowest as if everything below were answered, where it isn't given */
  send(
    session: Index,
    number: number,
    command: Command,
    {
      lowest = number,
      elapsedMs = 0,
    }: { readonly lowest?: number; readonly elapsedMs?: number } = {},
  ): SessionOutcome<Result> {
    return this.apply(
      numberedCommand(session, number, lowest, command),
      elapsedMs,
    ) as SessionOutcome<Result>;
  }

  async snapshot(): Promise<Uint8Array> {
    return collect(this.machine.snapshot?.() ?? noBytes());
  }

  /** Another machine with this snapshot, that goes on where this one is. */
  async successor(options: Partial<SessionsOptions> = {}): Promise<Driver> {
    const next = new Driver({ ...this.options, ...options });
    next.index = this.index;
    await next.restore(await this.snapshot());
    return next;
  }

  async restore(bytes: Uint8Array, size = 7): Promise<void> {
    await this.machine.restore?.(inPieces(bytes, size), { index: this.index, term: 1 });
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}

/** In one buffer that is used again and again. */
export async function* inPieces(all: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(size);
  for (let at = 0; at < all.length; at += size) {
    const part = all.subarray(at, at + size);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0xee);
  }
}

export const add = (name: string, by: number): Add => ({ add: name, by });
export const take = (name: string): Take => ({ take: name });
export const refused = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });
export const gives = <R>(result: R): { ok: true; result: R } => ({ ok: true, result });
