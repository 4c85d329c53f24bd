// The state machine of the simulated nodes, unchanged: keys and values, with sessions. What goes in
// and out of it is shown to whoever watches: commands and results, captures, restores.
import type { ApplyContext, Codec, Index, StateMachine } from "@raftkit/core";
import type { KvAnswer, KvCommand, KvQuery, KvResult } from "@raftkit/kv";
import { createKv } from "@raftkit/kv";
import type { SessionsCommand, SessionsMachine, SessionsResult } from "@raftkit/sessions";
import { withSessions } from "@raftkit/sessions";
import type { Application } from "./replicas.js";
import type { SessionLimits } from "./session-model.js";

export type NodeCommand = SessionsCommand<KvCommand, KvResult>;
export type NodeResult = SessionsResult<KvResult>;
export type NodeMachine = StateMachine<NodeCommand, NodeResult, KvQuery, KvAnswer>;

export interface MachineEvents {
  /** @param stateHash undefined: not looked at after this one */
  applied(application: Application, stateHash: number | undefined): void;
  /**
   * @param index of the last command in it
   * @returns told when all the data of this moment was handed over
   */
  captured(index: Index, stateHash: number): (data: Uint8Array) => void;
  restored(index: Index, stateHash: number): void;
}

export interface MachineSettings {
  readonly codec: Codec;
  readonly limits: SessionLimits;
  /**
   * The state is hashed when an entry was applied whose index is a multiple: the same ones on every
   * node.
   */
  readonly hashedEvery: number;
  /** Changes it: for tests of this very harness. */
  readonly tamper?: ((machine: NodeMachine) => NodeMachine) | undefined;
}

export interface ObservedMachine {
  readonly machine: NodeMachine;
  readonly stateHash: number;
}

export function createObservedMachine(
  { codec, limits, hashedEvery, tamper = (machine) => machine }: MachineSettings,
  events: MachineEvents,
): ObservedMachine {
  const kv = createKv();
  let isExecuted = false;
  const within = {
    ...kv,
    apply(command: KvCommand, context: ApplyContext) {
      isExecuted = true;
      return kv.apply(command, context);
    },
  };
  const machine = tamper(sessionsOver(codec, limits, within));
  /** Of the last command that it was given, or that is in its snapshot. */
  let lastIndex = 0;
  const stateHash = (): number => hashOf(machine);

  return {
    get stateHash() {
      return stateHash();
    },
    machine: {
      ...machine,
      apply(command, context) {
        isExecuted = false;
        const result = machine.apply(command, context) as NodeResult;
        lastIndex = context.index;
        const isHashed = context.index % hashedEvery === 0;
        events.applied(
          { ...context, command, isExecuted, result },
          isHashed ? stateHash() : undefined,
        );
        return result;
      },
      snapshot() {
        const complete = events.captured(lastIndex, stateHash());
        const source = machine.snapshot?.() ?? none();
        return (async function* () {
          const pieces: Uint8Array[] = [];
          for await (const piece of source) {
            pieces.push(piece.slice());
            yield piece;
          }
          complete(new Uint8Array(Buffer.concat(pieces)));
        })();
      },
      async restore(source, position) {
        await machine.restore?.(source, position);
        lastIndex = position.index;
        events.restored(position.index, stateHash());
      },
    },
  };
}

/** The hash of a machine that was given nothing. */
export function emptyStateHash(codec: Codec, limits: SessionLimits): number {
  return hashOf(sessionsOver(codec, limits, createKv()));
}

/** The hash of the state that is in these bytes, by a machine of its own. @throws they are none */
export async function stateHashIn(
  data: Uint8Array,
  codec: Codec,
  limits: SessionLimits,
): Promise<number> {
  const machine = sessionsOver(codec, limits, createKv());
  const source = (async function* () {
    yield data;
  })();
  await machine.restore?.(source, { index: 1, term: 1 });
  return hashOf(machine);
}

function sessionsOver(
  codec: Codec,
  { maxSessions, maxUnanswered, expireAfterMs, maxResultBytes }: SessionLimits,
  within: StateMachine<KvCommand, KvResult, KvQuery, KvAnswer>,
): SessionsMachine<KvCommand, KvResult, KvQuery, KvAnswer> {
  return withSessions(within, {
    codec,
    maxSessions,
    maxUnanswered,
    expireAfterMs: expireAfterMs === 0 ? Infinity : expireAfterMs,
    maxResultBytes,
  });
}

/** 24 bits for the sessions, and as many for the machine within. */
function hashOf(machine: Pick<NodeMachine, "hash">): number {
  const text = machine.hash?.();
  if (typeof text !== "string") throw new Error("a machine that hashes its state at once");
  return Number.parseInt(text.slice(8, 14) + text.slice(22, 28), 16);
}

async function* none(): AsyncGenerator<Uint8Array, void, void> {}
