// Whole, unchanged nodes on a simulated clock, network and disk: starts, crashes, disconnects and
// observes them. Raft's invariants are checked at every moment. It decides nothing by itself: the
// same seed and the same calls give the same trace.
import { decodeFrame } from "@raftkit/core";
import type { Message, NodeId, Sender } from "@raftkit/core";
import type { CallOptions, NodeStatus, RaftNode, ReturnOf } from "raftkit";
import { OutcomeUnknown, ReadFailed } from "raftkit";
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import type { VirtualProcess } from "./virtual-process.js";
import { createVirtualTime } from "./clock.js";
import type { VirtualDisk } from "./disk.js";
import { createDriver } from "./driver.js";
import { describeMessage, writeFrame } from "./frames.js";
import type { ClusterOptions } from "./cluster-options.js";
import { createInvariants } from "./safety-checks.js";
import type { Member, World } from "./node.js";
import { createMember } from "./node.js";
import type { LinkSettings } from "./links.js";
import { soundLink } from "./links.js";
import type { Packet } from "./carrier.js";
import type { Verdict, VirtualNetwork } from "./network.js";
import { createVirtualNetwork } from "./network.js";
import type { SeededRandom } from "./random.js";
import { createRandom } from "./random.js";
import type { Trace } from "./trace.js";
import { createTrace, fingerprint } from "./trace.js";

export interface Cluster<Command, Result, Query, Answer> {
  readonly ids: readonly NodeId[];
  readonly random: SeededRandom;
  readonly network: VirtualNetwork;
  readonly trace: Trace;
  now(): number;
  /** The running node. Throws a `SimulationFailed` if it isn't running. */
  node(id: NodeId): RaftNode<Command, Result, Query, Answer>;
  /** The status of a running node as of its latest event; cheaper than asking the node. */
  status(id: NodeId): NodeStatus;
  /** The nodes that are open and haven't stopped. */
  running(): readonly NodeId[];
  disk(id: NodeId): VirtualDisk;
  /** The process that the node runs in, for its timers and stalls. */
  process(id: NodeId): VirtualProcess;
  /** The node that leads in the latest term, if one does. */
  leader(): NodeId | undefined;
  /** A proposal at this node. If the node crashes the outcome is unknown to its client too. */
  propose<Given extends Command>(
    id: NodeId,
    command: Given,
    options?: CallOptions,
  ): Promise<ReturnOf<Command, Result, Given>>;
  read<Given extends Query>(
    id: NodeId,
    query: Given,
    options?: CallOptions,
  ): Promise<ReturnOf<Query, Answer, Given>>;

  /** Ends a node's process at once: none of its unfinished work happens. */
  crash(...ids: readonly NodeId[]): void;
  /** Starts nodes on what their disks hold, and runs until they are open. */
  restart(...ids: readonly NodeId[]): Promise<void>;
  /** Cuts all links between nodes of different groups. */
  cut(...groups: readonly (readonly NodeId[])[]): void;
  /** Restores all links to their initial settings. */
  heal(): void;

  runFor(ms: number): Promise<void>;
  /** Runs until the condition holds. @throws {SimulationFailed} after `limitMs` (default 10 s) */
  runUntil(what: string, condition: () => boolean, limitMs?: number): Promise<void>;
  /**
   * Runs until the promise is settled, and returns its value or throws its reason. @throws
   * {SimulationFailed} after `limitMs` (default 10 s)
   */
  settle<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
  /** Runs until a majority of all nodes follow one leader of the latest term; its name. */
  waitForLeader(limitMs?: number): Promise<NodeId>;
  /** Runs until all running nodes have applied everything that any log holds. */
  converge(limitMs?: number): Promise<void>;

  /** Decides about messages as they are sent. @returns removes the filter */
  filter(decide: (message: Message, packet: Packet) => Verdict): () => void;
  /** Called for every message that is sent, delivered or lost. */
  onMessage(
    listener: (what: "sent" | "delivered" | "lost", message: Message, packet: Packet) => void,
  ): void;
  /** Delivers a message that no node sent. */
  inject(from: Sender, to: NodeId, message: Message): void;
  /** How the network introduces this node's present run. */
  sender(id: NodeId): Sender;
  /** From now on this node may stop by itself. @returns its error, once it has stopped */
  allowFailure(id: NodeId): () => Error | undefined;
  /** Called after every event. */
  onStep(listener: () => void): void;
}

/** Creates a cluster and runs until its nodes are open. Then see `waitForLeader`. */
export async function createCluster<Command, Result, Query, Answer>(
  options: ClusterOptions<Command, Result, Query, Answer>,
): Promise<Cluster<Command, Result, Query, Answer>> {
  const ids = Array.from({ length: options.nodes ?? 3 }, (_, i) => `n${i + 1}`);
  const link: LinkSettings = { ...soundLink, ...options.network };
  const { world, trace } = createWorld(options, ids, link);
  const members = new Map(ids.map((id) => [id, createMember(world, id)]));
  const cluster = assemble(world, trace, members, link);
  await cluster.restart(...(options.start ?? ids));
  return cluster;
}

function createWorld<C, R, Q, A>(
  options: ClusterOptions<C, R, Q, A>,
  ids: readonly NodeId[],
  link: LinkSettings,
): { readonly world: World<C, R, Q, A>; readonly trace: Trace } {
  const random = createRandom(options.seed);
  const codec = options.codec ?? createMsgpackCodec();
  const time = createVirtualTime();
  const trace = createTrace();
  const network = createVirtualNetwork(time, random.fork("network"), {
    link,
    maxFrameBytes: 16 * 2 ** 20,
  });
  const note = (line: string, detail?: () => string): void =>
    trace.record(time.now(), line, detail);
  network.onPacket((what, { from, to, frame }) =>
    note(`${from.id}>${to} ${what} ${fingerprint(frame)}`, () =>
      describeMessage(decodeFrame(codec, frame)),
    ),
  );
  const world: World<C, R, Q, A> = {
    options,
    codec,
    time,
    random,
    network,
    note,
    bootstrap: ids.map((id) => ({ id, address: id })),
    driver: createDriver(time, trace, options.seed),
    invariants: createInvariants(),
  };
  return { world, trace };
}

function assemble<C, R, Q, A>(
  world: World<C, R, Q, A>,
  trace: Trace,
  members: ReadonlyMap<NodeId, Member<C, R, Q, A>>,
  link: LinkSettings,
): Cluster<C, R, Q, A> {
  const { time, random, network, driver, codec, invariants, note } = world;
  const ids = [...members.keys()];
  const stepListeners: (() => void)[] = [];
  const messages = new WeakMap<Uint8Array, Message>();

  /** Decoded once, however many look at it. */
  function messageIn({ frame }: Packet): Message | undefined {
    const message = messages.get(frame) ?? decodeFrame(codec, frame);
    if (message !== undefined) messages.set(frame, message);
    return message;
  }

  function member(id: NodeId): Member<C, R, Q, A> {
    const found = members.get(id);
    if (found === undefined) {
      throw new RangeError(`this cluster has no node ${id}; it has ${ids.join(", ")}`);
    }
    return found;
  }

  function nodeOf(id: NodeId): RaftNode<C, R, Q, A> {
    const { node } = member(id);
    if (node === undefined) throw driver.failure(`${id} doesn't run`);
    return node;
  }

  function status(id: NodeId): NodeStatus {
    const picture = member(id).status();
    if (picture === undefined) throw driver.failure(`${id} doesn't run`);
    return picture;
  }

  const running = (): readonly NodeId[] =>
    ids.filter((id) => member(id).node !== undefined && member(id).failure === undefined);
  const statuses = (): readonly NodeStatus[] => running().map(status);
  const leader = (): NodeId | undefined =>
    statuses()
      .filter(({ role }) => role === "leader")
      .toSorted((a, b) => b.term - a.term)[0]?.id;

  /** Only the node whose process ran can have changed. */
  time.onStep((process) => {
    for (const own of members.values()) {
      if (own.process !== process) continue;
      own.changed();
      const picture = own.failure === undefined ? own.status() : undefined;
      try {
        if (picture !== undefined) invariants.check(picture);
      } catch (error) {
        driver.breakOff(driver.failure(error instanceof Error ? error.message : String(error)));
      }
    }
    for (const listener of stepListeners) listener();
  });

  return {
    ids,
    random,
    network,
    trace,
    leader,
    status,
    running,
    ...driver,
    now: () => time.now(),
    node: nodeOf,
    disk: (id) => member(id).disk,
    process: (id) => member(id).process,
    propose: (id, command, callOptions) =>
      member(id).call(
        () => nodeOf(id).propose(command, callOptions),
        () => new OutcomeUnknown("closing", `${id} crashed`),
      ),
    read: (id, query, callOptions) =>
      member(id).call(
        () => nodeOf(id).read(query, callOptions),
        () => new ReadFailed("closing", `${id} crashed`),
      ),
    crash(...which) {
      for (const id of which) member(id).crash();
    },
    async restart(...which) {
      for (const id of which) member(id).start();
      await driver.runUntil(`${which.join(", ")} open`, () =>
        which.every((id) => member(id).node !== undefined || member(id).failure !== undefined),
      );
    },
    cut(...groups) {
      const groupOf = (id: NodeId): number => groups.findIndex((group) => group.includes(id));
      for (const from of ids) {
        for (const to of ids) network.setLink(from, to, { cut: groupOf(from) !== groupOf(to) });
      }
      note(`cut ${groups.map((group) => group.join(",")).join(" | ")}`);
    },
    heal() {
      network.setAll(link);
      note("healed");
    },
    async waitForLeader(limitMs) {
      let found: NodeId | undefined;
      await driver.runUntil(
        "a leader with a majority behind it",
        () => {
          found = leader();
          const followers = statuses().filter(({ leaderId }) => leaderId === found);
          return found !== undefined && followers.length * 2 > ids.length;
        },
        limitMs,
      );
      return found ?? "";
    },
    converge: (limitMs) =>
      driver.runUntil(
        "all running nodes have applied the same log",
        () => {
          const last = Math.max(...statuses().map(({ lastIndex }) => lastIndex));
          return (
            leader() !== undefined &&
            statuses().every(
              ({ lastIndex, lastApplied }) => lastIndex === last && lastApplied === last,
            )
          );
        },
        limitMs,
      ),
    filter: (decide) =>
      network.filter((packet) => {
        const message = messageIn(packet);
        return message === undefined ? "pass" : decide(message, packet);
      }),
    onMessage(listener) {
      network.onPacket((what, packet) => {
        if (what !== "sent" && what !== "delivered" && what !== "lost") return;
        const message = messageIn(packet);
        if (message !== undefined) listener(what, message, packet);
      });
    },
    inject: (from, to, message) => network.inject(from, to, writeFrame(codec, message)),
    sender(id) {
      const { incarnation, run } = nodeOf(id).status();
      return { id, incarnation, run };
    },
    allowFailure(id) {
      member(id).allowFailure();
      return () => member(id).failure;
    },
    onStep: (listener) => {
      stepListeners.push(listener);
    },
  };
}
