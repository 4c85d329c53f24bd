// One node of a simulated cluster through all its runs: its disk, its process, and the unchanged
// node in it. The input of its state machine is compared with that of the others.
import type { Codec, NodeId, Peer, StateMachine } from "@raftkit/core";
import type { NodeStatus, RaftNode } from "raftkit";
import { createNode } from "raftkit";
import { createMemoryLog } from "@raftkit/storage-memory";
import type { VirtualTime } from "./clock.js";
import type { VirtualProcess } from "./virtual-process.js";
import type { ClusterOptions } from "./cluster-options.js";
import type { VirtualDisk } from "./disk.js";
import { createVirtualDisk } from "./disk.js";
import type { Driver } from "./driver.js";
import type { Invariants } from "./safety-checks.js";
import type { VirtualNetwork } from "./network.js";
import type { SeededRandom } from "./random.js";

/** What all nodes of a cluster share. */
export interface World<C, R, Q, A> {
  readonly options: ClusterOptions<C, R, Q, A>;
  readonly codec: Codec;
  readonly bootstrap: readonly Peer[];
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly network: VirtualNetwork;
  readonly driver: Driver;
  readonly invariants: Invariants;
  readonly note: (line: string, detail?: () => string) => void;
}

export interface Member<C, R, Q, A> {
  readonly disk: VirtualDisk;
  /** Of the latest run; stopped before the first one. */
  readonly process: VirtualProcess;
  /** Undefined while it opens, and after a crash. */
  readonly node: RaftNode<C, R, Q, A> | undefined;
  /** As of its latest event; undefined while it doesn't run. */
  status(): NodeStatus | undefined;
  /** Something of this node ran. */
  changed(): void;
  /** Why it stopped by itself. */
  readonly failure: Error | undefined;
  allowFailure(): void;
  start(): void;
  crash(): void;
  /**
   * Runs a call of the node; if the node crashes meanwhile, the call ends with what `lost` gives.
   */
  call<T>(run: () => Promise<T>, lost: () => Error): Promise<T>;
}

export function createMember<C, R, Q, A>(world: World<C, R, Q, A>, id: NodeId): Member<C, R, Q, A> {
  const { options, codec, bootstrap, time, random, network, driver, invariants, note } = world;
  const inner = createMemoryLog({ random: random.fork(`incarnation/${id}`).next });
  const disk = createVirtualDisk(time, random.fork(`disk/${id}`), inner, {
    latencyMs: { min: 0.1, max: 1 },
    ...options.disk,
  });
  disk.onWrite((operations) => note(`${id} disk ${operations.map(({ type }) => type).join("+")}`));
  const calls = new Set<() => void>();
  let process = time.process(`${id}/0`);
  let node: RaftNode<C, R, Q, A> | undefined;
  let status: NodeStatus | undefined;
  let failure: Error | undefined;
  let mayFail = false;
  let runs = 0;
  process.stop();

  function watch(machine: StateMachine<C, R, Q, A>): StateMachine<C, R, Q, A> {
    return {
      clockIntervalMs: machine.clockIntervalMs,
      open: () => machine.open?.() ?? Promise.resolve(0),
      query: (query) => machine.query(query),
      close: () => machine.close?.() ?? Promise.resolve(),
      apply(command, context) {
        const text = JSON.stringify(command);
        note(`${id} applied ${context.index}/${context.term} ${text}`);
        try {
          invariants.applied(id, context.index, context.term, text);
        } catch (error) {
          driver.breakOff(driver.failure(error instanceof Error ? error.message : String(error)));
        }
        return machine.apply(command, context);
      },
    };
  }

  function onFailure(error: Error): void {
    failure = error;
    note(`${id} failed: ${error.message}`);
    if (!mayFail) driver.breakOff(driver.failure(`${id} stopped by itself: ${error.message}`));
  }

  return {
    disk,
    get process() {
      return process;
    },
    get node() {
      return node;
    },
    status: () => (status ??= node?.status()),
    changed() {
      status = undefined;
    },
    get failure() {
      return failure;
    },
    allowFailure() {
      mayFail = true;
    },
    start() {
      if (!process.stopped) throw driver.failure(`${id} runs already`);
      runs++;
      const own = time.process(`${id}/${runs}`);
      process = own;
      failure = undefined;
      invariants.restarted(id, disk.hardState.currentTerm);
      note(`${id} starts`);
      createNode<C, R, Q, A>({
        ...options.node,
        id,
        codec,
        cluster: { id: "simulated", bootstrap, alone: bootstrap.length === 1 },
        transport: network.attach(own),
        storage: { log: disk.attach(own) },
        stateMachine: watch(options.stateMachine(id)),
        clock: own.clock,
        random: random.fork(`node/${id}/${runs}`).next,
      }).then(
        (opened) => {
          if (own.stopped) return;
          node = opened;
          node.on("role", ({ role, term, leaderId }) =>
            note(`${id} ${role} in term ${term}, leader ${leaderId ?? "unknown"}`),
          );
          node.on("error", onFailure);
        },
        (error: unknown) => onFailure(error instanceof Error ? error : new Error(String(error))),
      );
    },
    crash() {
      note(`${id} crashes`);
      process.stop();
      node = status = undefined;
      for (const end of calls) end();
    },
    call(run, lost) {
      const promise: ReturnType<typeof run> = new Promise((resolve, reject) => {
        const onCrash = (): void => reject(lost());
        calls.add(onCrash);
        run()
          .then((value) => resolve(value), reject)
          .finally(() => calls.delete(onCrash));
      });
      // Nobody needs to listen to it.
      promise.catch(() => undefined);
      return promise;
    },
  };
}
