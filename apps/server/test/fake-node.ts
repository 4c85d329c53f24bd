// A node that only says what a test tells it to.
import { createKv } from "@raftkit/kv";
import type { CallOptions, NodeEvents, NodeState, NodeStatus } from "raftkit";
import type { KvCalls, KvNode } from "../src/kv-calls.js";

export interface FakeNode extends KvNode {
  /** Parts of the status that differ from a healthy leader's. */
  now: Partial<NodeStatus>;
  proposes: (command: unknown, options?: CallOptions) => Promise<unknown>;
  reads: KvCalls["read"];
  transfers: KvNode["transferLeadership"];
  changes: KvNode["changeMembership"];
  readies: KvNode["ready"];
  closes: number;
  emit<E extends keyof NodeEvents>(event: E, value: NodeEvents[E]): void;
}

/** Of a node without keys. */
export const readsOfNothing: KvCalls["read"] = (query) => Promise.resolve(createKv().query(query));

const never = (): Promise<never> => new Promise(() => undefined);

export function fakeNode(): FakeNode {
  const listeners = new Map<string, Set<(value: never) => void>>();
  const node: FakeNode = {
    id: "n1",
    now: {},
    proposes: never,
    reads: never,
    transfers: () => Promise.resolve({ leaderId: "n2", term: 3 }),
    changes: never,
    readies: () => Promise.resolve(),
    closes: 0,
    closed: new Promise(() => undefined),
    propose: (command, options) => node.proposes(command, options) as Promise<never>,
    proposeAll: (commands, options) =>
      Promise.all(commands.map((command) => node.proposes(command, options))) as Promise<never>,
    ready: () => node.readies(),
    read: (query, options) => node.reads(query, options) as Promise<never>,
    status: () => ({
      id: "n1",
      clusterId: "raftkit",
      incarnation: "incarnation-of-n1",
      run: 1,
      state: "running" as NodeState,
      role: "leader",
      isPreCandidate: false,
      term: 2,
      leaderId: "n1",
      hasLease: false,
      transferringTo: null,
      lastIndex: 5,
      durableIndex: 4,
      commitIndex: 4,
      lastApplied: 3,
      logBytes: 1000,
      maxLogBytes: 1_000_000,
      logFull: false,
      diskFull: false,
      baseIndex: 1,
      snapshot: { index: 2, term: 1, bytes: 77, ageMs: 1500 },
      lacksSnapshot: false,
      configuration: {
        clusterInstance: "instance",
        voters: [
          { id: "n1", incarnation: "incarnation-of-n1", address: "127.0.0.1:7101" },
          { id: "n2", incarnation: "incarnation-of-n2", address: "127.0.0.1:7102" },
        ],
        learners: [],
        outgoing: [],
      },
      configurationIndex: 1,
      configurationCommitted: true,
      removedAt: null,
      introductions: [],
      bootstrap: null,
      peers: [
        {
          id: "n2",
          role: "voter",
          matchIndex: 4,
          nextIndex: 6,
          lastContactMs: 10,
          catchUpMs: 20,
          install: null,
        },
      ],
      counters: {
        messagesSent: 1,
        messagesUnsent: 9,
        messagesReceived: 2,
        messagesDropped: 3,
        electionsStarted: 4,
        persists: 5,
        entriesApplied: 6,
        proposals: 7,
        reads: 8,
        eventLoopStalls: 0,
      },
      ...node.now,
    }),
    member: () => Promise.reject(new Error("not in these tests")),
    changeMembership: (to, options) => node.changes(to, options),
    transferLeadership: (to, options) => node.transfers(to, options),
    snapshot: () => Promise.resolve({ index: 3, term: 2, bytes: 88 }),
    async *leadership() {
      /* never leads */
    },
    on(event, listener) {
      const all = listeners.get(event) ?? new Set();
      listeners.set(event, all.add(listener));
      return () => void all.delete(listener);
    },
    emit(event, value) {
      for (const listener of listeners.get(event) ?? []) {
        (listener as (given: typeof value) => void)(value);
      }
    },
    async close() {
      node.closes++;
    },
    [Symbol.asyncDispose]: () => node.close(),
  };
  return node;
}
