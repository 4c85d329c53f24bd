// One simulated computer: its disk, and one run of an unchanged node after another on it. It is
// started, crashed, wiped and watched from outside; what a run that ended still had under way
// reaches nothing.
import type { Codec, Index, NodeId, RaftkitError } from "@raftkit/core";
import type { KvAnswer, KvQuery } from "@raftkit/kv";
import type { Loss, Survival } from "@raftkit/storage-file/simulated-disk";
import type { NodeOptions, NodeStatus, RaftNode } from "raftkit";
import { createNode } from "raftkit";
import type {
  SeededRandom,
  VirtualNetwork,
  VirtualProcess,
  VirtualTime,
} from "@raftkit/simulation";
import type { ComputerClock } from "./computer-clock.js";
import { createComputerClock } from "./computer-clock.js";
import type { ComputerDisk } from "./disk.js";
import type { MachineSettings, NodeCommand, NodeResult, ObservedMachine } from "./machine.js";
import { createObservedMachine } from "./machine.js";
import type { Application } from "./replicas.js";

export type KvNode = RaftNode<NodeCommand, NodeResult, KvQuery, KvAnswer>;

export type Place = Pick<NodeOptions<never, never, never, never>, "cluster" | "address">;

/** What all computers share, and whom they tell. */
export interface RunContext {
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly network: VirtualNetwork;
  readonly codec: Codec;
  /** How a run comes to its cluster. */
  placeOf(computer: Computer): Place;
  /** Undefined: it has no leases. */
  leaseDriftRateOf(id: NodeId): number | undefined;
  readonly electionTimeoutMs: { readonly min: number; readonly max: number };
  readonly heartbeatIntervalMs: number;
  readonly maxUncommittedBytes: number;
  /** Undefined: the defaults. */
  readonly maxLogBytes: number | undefined;
  readonly snapshotAfterBytes: number | undefined;
  readonly defaultTimeoutMs: number | undefined;
  readonly machine: MachineSettings;
  /** Changes a node: for tests of this very harness. */
  readonly tamperNode: ((node: KvNode) => KvNode) | undefined;
  note(line: string): void;
  /** A run has found its parts, and runs. */
  opened(computer: Computer): void;
  /** A run ended, or stopped by itself. */
  ended(computer: Computer): void;
  /** A machine was given this entry, and has this state now, where it was looked at. */
  applied(computer: Computer, application: Application, stateHash: number | undefined): void;
  /**
   * A machine's state, which holds the commands up to here, is to be written.
   * @returns told of all of its data
   */
  captured(computer: Computer, index: Index, stateHash: number): (data: Uint8Array) => void;
  /** A machine has the state of a snapshot. */
  restored(computer: Computer, index: Index, stateHash: number): void;
  /** A node says that its state at this index isn't that of a peer. */
  diverged(computer: Computer, peer: NodeId, index: Index): void;
  /** A node was told that the configuration committed at this index doesn't name it. */
  removed(computer: Computer, configurationIndex: Index): void;
  /** A node reads that its clock stood still. */
  clockStopped(computer: Computer): void;
  /** A node stopped by itself, or didn't open. */
  failed(computer: Computer, error: Error, wasRunning: boolean): void;
}

export interface Computer {
  readonly id: NodeId;
  readonly disk: ComputerDisk;
  /** Of the latest run; stopped before the first one and after a crash. */
  readonly process: VirtualProcess;
  /** It opens or runs: it didn't crash, close or stop by itself. */
  readonly isUp: boolean;
  /** Undefined while it opens and while it is not up. */
  readonly node: KvNode | undefined;
  readonly machine: ObservedMachine | undefined;
  /** The snapshot that the present run was last restored from; 0: none. */
  readonly restoredIndex: Index;
  /** As of its latest event; undefined while there is no node. */
  readonly status: NodeStatus | undefined;
  /** Of the runs so far. */
  readonly runs: number;
  /** Of the latest run. */
  readonly clock: ComputerClock;
  readonly leaseDriftRate: number | undefined;
  /** Of the clock that its processes read, also of later ones. */
  setRate(rate: number): void;
  start(): void;
  /** Something of it ran: pictures of it are out of date. */
  changed(): void;
  /** Ends the process at once, if there is one; with a survival the power goes too. */
  crash(survival?: Survival): Loss | undefined;
  /** Closes the node as a user would, then ends the process. */
  close(): void;
  /** The same, but its node serves until it has handed its leadership on. */
  closeInOrder(onClosed: () => void): void;
  /** Calls back when this run ends. @returns takes it back */
  onEnd(run: () => void): () => void;
}

/** What every node of the run is started with. */
function settingsOf(around: RunContext) {
  const { electionTimeoutMs, heartbeatIntervalMs, defaultTimeoutMs } = around;
  const { maxUncommittedBytes, maxLogBytes, snapshotAfterBytes } = around;
  return {
    electionTimeoutMs,
    heartbeatIntervalMs,
    maxUncommittedBytes,
    ...(defaultTimeoutMs && { defaultTimeoutMs }),
    ...(maxLogBytes && { maxLogBytes }),
    ...(snapshotAfterBytes && { snapshotAfterBytes }),
  };
}

/** Its node's events, as long as this run lasts. */
function listen(around: RunContext, computer: Computer, own: VirtualProcess, node: KvNode): void {
  node.on("role", ({ role, term, leaderId }) => {
    if (own.stopped) return;
    around.note(`${computer.id} ${role} in term ${term}, leader ${leaderId ?? "unknown"}`);
  });
  node.on("removed", ({ configurationIndex }) => {
    if (!own.stopped) around.removed(computer, configurationIndex);
  });
  node.on("divergence", ({ peer, index }) => {
    if (!own.stopped) around.diverged(computer, peer, index);
  });
}

/** @param restored told of a snapshot that it has the state of */
function machineOf(
  around: RunContext,
  computer: Computer,
  own: VirtualProcess,
  restored: (index: Index) => void,
): ObservedMachine {
  const told = (run: () => void): void => {
    if (!own.stopped) run();
  };
  return createObservedMachine(around.machine, {
    applied: (application, stateHash) =>
      told(() => around.applied(computer, application, stateHash)),
    captured: (index, stateHash) => {
      const complete = around.captured(computer, index, stateHash);
      return (data) => told(() => complete(data));
    },
    restored: (index, stateHash) =>
      told(() => {
        restored(index);
        around.restored(computer, index, stateHash);
      }),
  });
}

export function createComputer(around: RunContext, id: NodeId, disk: ComputerDisk): Computer {
  const { time, random, network, codec } = around;
  const endings = new Set<() => void>();
  const leaseDriftRate = around.leaseDriftRateOf(id);
  let process = time.process(`${id}/0`);
  let clock = clockOf(process);
  let node: KvNode | undefined;
  let machine: ObservedMachine | undefined;
  let restoredIndex = 0;
  let picture: NodeStatus | undefined;
  let rate = 1;
  let runs = 0;
  let isUp = false;
  process.stop();

  function clockOf(own: VirtualProcess): ComputerClock {
    return createComputerClock(time, own, () => around.clockStopped(computer));
  }

  function leave(): void {
    if (isUp) around.ended(computer);
    isUp = false;
    node = machine = picture = undefined;
  }

  function end(): void {
    process.stop();
    leave();
    for (const ended of endings) ended();
    endings.clear();
  }

  function start(): void {
    const own = time.process(`${id}/${++runs}`);
    process = own;
    isUp = true;
    own.jump(random.fork(`boot/${id}/${runs}`).integer(1_000_000));
    clock = clockOf(own);
    clock.setRate(rate);
    around.note(`${id} starts`);
    restoredIndex = 0;
    const made = machineOf(around, computer, own, (index) => (restoredIndex = index));
    const fail = (error: Error): void => {
      if (own.stopped) return;
      around.note(`${id} stopped: ${error.message}`);
      const wasRunning = node !== undefined;
      leave();
      around.failed(computer, error, wasRunning);
    };
    createNode<NodeCommand, NodeResult, KvQuery, KvAnswer>({
      id,
      codec,
      ...around.placeOf(computer),
      ...settingsOf(around),
      ...(leaseDriftRate && { leaseDriftRate }),
      transport: network.attach(own),
      storage: disk.attach(own),
      stateMachine: made.machine,
      clock: clock.clock,
      random: random.fork(`node/${id}/${runs}`).next,
    }).then(
      (opened) => {
        if (own.stopped) return;
        node = around.tamperNode?.(opened) ?? opened;
        machine = made;
        around.opened(computer);
        listen(around, computer, own, node);
        node.on("error", (error: RaftkitError) => fail(error));
      },
      (error: unknown) => fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  const computer: Computer = {
    id,
    disk,
    get process() {
      return process;
    },
    get isUp() {
      return isUp;
    },
    get node() {
      return node;
    },
    get machine() {
      return machine;
    },
    get restoredIndex() {
      return restoredIndex;
    },
    get status() {
      return (picture ??= node?.status());
    },
    get runs() {
      return runs;
    },
    get clock() {
      return clock;
    },
    leaseDriftRate,
    setRate(next) {
      rate = next;
      clock.setRate(next);
    },
    start,
    changed() {
      picture = undefined;
    },
    crash(survival) {
      end();
      if (survival !== undefined) return disk.powerCut(survival);
      disk.kill();
      return undefined;
    },
    close() {
      const [own, closing] = [process, node];
      if (closing === undefined) return;
      leave();
      closing.close().then(
        () => {
          if (own === process) computer.crash();
        },
        () => undefined,
      );
    },
    closeInOrder(onClosed) {
      const own = process;
      node?.close({ transfer: true }).then(
        () => {
          if (own !== process || own.stopped) return;
          computer.crash();
          onClosed();
        },
        () => undefined,
      );
    },
    onEnd(run) {
      endings.add(run);
      return () => {
        endings.delete(run);
      };
    },
  };
  return computer;
}
