// Puts a simulated cluster together from its plan: computers, network, whoever watches and uses
// them, and the faults that befall them.
import { createJsonCodec } from "@raftkit/codec-json";
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import type { Codec, NodeId } from "@raftkit/core";
import type { FileSystem } from "@raftkit/storage-file";
import type { VirtualNetwork } from "@raftkit/simulation";
import type { FaultKind, Plan } from "../plans/plan.js";
import type { Captures } from "./captures.js";
import { createCaptures } from "./captures.js";
import type { Computer, KvNode, RunContext } from "./computer.js";
import { createComputer } from "./computer.js";
import { leaseDriftRateOf } from "../plans/leases.js";
import type { NodeView } from "../invariants/view.js";
import { createKvHistory } from "./kv-history.js";
import { createOperatorParts, hasOperators } from "./operator-parts.js";
import { createOperators } from "./operators.js";
import type { Places } from "./places.js";
import { createComputerDisk } from "./disk.js";
import { createInstallWatch } from "./install-watch.js";
import type { Load } from "./load.js";
import { createLoad } from "./load.js";
import type { NodeMachine } from "./machine.js";
import { emptyStateHash, stateHashIn } from "./machine.js";
import { createNetwork, soundLinkOf } from "./network.js";
import type { Observers } from "./observers.js";
import { computerEvents, diskEvents } from "./observers.js";
import { countPackets } from "./packets.js";
import { createReplicas } from "./replicas.js";
import type { Run } from "./run-basics.js";
import type { SessionLimits } from "./session-model.js";
import { createSnapshotWatch } from "./snapshot-watch.js";
import { createTimeline } from "./timeline.js";
import { createView } from "./view.js";
import type { Watch } from "./watch.js";
import { createWatch } from "./watch.js";
import type { World } from "./world.js";
import { createWorld } from "./world.js";

export const ELECTION_TIMEOUT_MS = { min: 150, max: 300 };
const HEARTBEAT_MS = 50;
/** Small, so that leaders that are cut off meet it. */
const UNCOMMITTED_BYTES_MAX = 64 * 1024;
/** Where the plan says nothing: more than any run writes. */
const LOG_BYTES_MAX = 2 ** 30;
/** As the runtime keeps free for what isn't data. */
const FRAME_HEADER_BYTES = 64 * 1024;
const FRAME_BYTES_MAX = 4 * 2 ** 20;
/**
 * Reading the whole state takes longer than all else that happens to an entry. Where there are
 * snapshots, each may be one's.
 */
const HASHED_EVERY = 16;

/** How long a change of members waits for progress. ms */
const PATIENCE_MS = 900;

/** Where nobody opens any. */
const noSessions: SessionLimits = {
  maxSessions: 1,
  maxUnanswered: 1,
  expireAfterMs: 0,
  maxResultBytes: 0,
};

export interface Tampering {
  /** Puts something between every storage and its disk: for tests of this very harness. */
  readonly tamper?: (fileSystem: FileSystem) => FileSystem;
  /** Puts something between every node and its state machine. */
  readonly tamperMachine?: (machine: NodeMachine) => NodeMachine;
  /** Puts something between every node and those who use it. */
  readonly tamperNode?: (node: KvNode) => KvNode;
}

export interface Cluster
  extends Load, Pick<Observers, "world" | "view" | "watch" | "snapshots" | "operators"> {
  readonly computers: readonly Computer[];
}

/** What the parts of a cluster share. */
interface Shared {
  readonly plan: Plan;
  readonly run: Run;
  readonly tampering: Tampering;
  readonly codec: Codec;
  readonly sessions: SessionLimits;
  readonly network: VirtualNetwork;
}

export function createCluster(plan: Plan, run: Run, tampering: Tampering): Cluster {
  const { random, time, coverage, note, broken } = run;
  const codec = random.fork("codec").chance(0.5) ? createJsonCodec() : createMsgpackCodec();
  const link = soundLinkOf(random.fork("link"));
  const frameBytes = plan.snapshots
    ? FRAME_HEADER_BYTES + plan.snapshots.partBytes
    : FRAME_BYTES_MAX;
  const network = createNetwork(time, random, codec, link, frameBytes, note);
  const sessions = plan.sessions ?? noSessions;
  const shared: Shared = { plan, run, tampering, codec, sessions, network };
  const replicas = createReplicas(sessions, codec, broken, (event) => coverage.countSession(event));
  const captures = createCaptures(
    (data) => stateHashIn(data, codec, sessions),
    (index) => replicas.lastCommand(index),
    broken,
  );
  const segmentBytes = random.fork("segments").pick([8, 16, 64]) * 1024;
  note(
    `seed ${plan.seed}: ${plan.nodes} nodes, codec ${codec.name}, segments of ${segmentBytes} bytes, links ${link.ordered ? "in order" : "unordered"}`,
  );
  const computers = createComputers(
    shared,
    segmentBytes,
    captures,
    () => parts.places,
    () => observers,
  );
  const nodes: NodeView[] = [];
  const parts = createOperatorParts(plan, run, nodes, computers, () => observers);
  const isOperated = hasOperators(plan);
  const world = createWorld(
    time,
    network,
    link,
    computers,
    note,
    plan.founders === undefined
      ? undefined
      : (victim, isLost) => observers.operators?.losses.claim(victim, isLost) === true,
  );
  const watch = createWatch(
    {
      maxUncommittedBytes: UNCOMMITTED_BYTES_MAX,
      maxLogBytes: plan.snapshots?.maxLogBytes ?? LOG_BYTES_MAX,
      emptyStateHash: emptyStateHash(codec, sessions),
    },
    captures,
    codec,
    nodes,
    isOperated ? [parts.asked, parts.changes] : [],
    broken,
  );
  const watches = createWatches(shared, computers, world, watch, captures, () => observers);
  const observers: Observers = {
    watch,
    replicas,
    world,
    ...watches,
    operators: isOperated
      ? createOperators(plan, run, world, watches.view, nodes, parts)
      : undefined,
    history: isOperated ? createKvHistory() : undefined,
  };
  follow(run, computers, observers);
  return { ...observers, computers, ...createLoad(plan, run, computers, observers) };
}

function createComputers(
  shared: Shared,
  segmentBytes: number,
  captures: Captures,
  places: () => Places,
  observers: () => Observers,
): readonly Computer[] {
  const { plan, run, tampering } = shared;
  const ids = Array.from({ length: plan.nodes }, (_, i) => `n${i + 1}`);
  const context = contextOf(shared, places, observers);
  return ids.map((id) => {
    const computer: Computer = createComputer(
      context,
      id,
      createComputerDisk({
        time: run.time,
        random: run.random.fork(`disk/${id}`),
        segmentBytes,
        snapshotMs: plan.snapshots?.laneMs ?? 0,
        viewOf: (file) => captures.viewOf(file),
        isRunning: () => computer.node !== undefined,
        ...(tampering.tamper && { tamper: tampering.tamper }),
        events: diskEvents(run, () => computer, observers),
      }),
    );
    return computer;
  });
}

function contextOf(
  { plan, run, tampering, codec, sessions, network }: Shared,
  places: () => Places,
  observers: () => Observers,
): RunContext {
  return {
    time: run.time,
    random: run.random,
    network,
    codec,
    note: run.note,
    placeOf: (computer) => places().of(computer),
    leaseDriftRateOf: (id) => leaseDriftRateOf(run.random.fork(`lease/${id}`), plan),
    defaultTimeoutMs: plan.founders === undefined ? undefined : PATIENCE_MS,
    electionTimeoutMs: ELECTION_TIMEOUT_MS,
    heartbeatIntervalMs: HEARTBEAT_MS,
    maxUncommittedBytes: UNCOMMITTED_BYTES_MAX,
    maxLogBytes: plan.snapshots?.maxLogBytes ?? LOG_BYTES_MAX,
    snapshotAfterBytes: plan.snapshots?.snapshotAfterBytes,
    machine: {
      codec,
      limits: sessions,
      hashedEvery: plan.snapshots ? 1 : HASHED_EVERY,
      tamper: tampering.tamperMachine,
    },
    tamperNode: tampering.tamperNode,
    ...computerEvents(run, observers),
  };
}

/** Those that watch the cluster as a whole. */
function createWatches(
  { plan, run, codec, network }: Shared,
  computers: readonly Computer[],
  world: World,
  watch: Watch,
  captures: Captures,
  observers: () => Observers,
): Pick<Observers, "view" | "installs" | "snapshots" | "timeline"> {
  const { coverage, random } = run;
  const view = createView(computers, world.excluded);
  const changed = (): void => view.changed();
  const disturbances = (from: NodeId, to: NodeId): readonly FaultKind[] =>
    world.disturbances(from, to);
  const installs = createInstallWatch(
    computers,
    codec,
    coverage,
    captures.replayed,
    disturbances,
    changed,
  );
  network.onPacket((what, packet) => installs.packet(what, packet));
  if (hasOperators(plan)) {
    network.onPacket((what, packet) => {
      if (what === "cut") observers().operators?.changes.note("cut");
      if (what !== "delivered") return;
      const computer = computers.find(({ id }) => id === packet.to);
      if (computer !== undefined) watch.delivered(computer, packet);
    });
  }
  const snapshots = createSnapshotWatch(
    coverage,
    installs,
    (computer) => watch.logOf(computer),
    changed,
  );
  const timeline = createTimeline(
    plan,
    world,
    view,
    coverage,
    random,
    (computer, stage) => snapshots.isAt(computer, stage),
    () => observers().operators,
  );
  countPackets(network, disturbances, (kind, id) => {
    const computer = computers.find((own) => own.id === id);
    if (computer !== undefined) timeline.count(kind, computer);
  });
  return { view, installs, snapshots, timeline };
}

/** After each event, and at every heartbeat. */
function follow(
  { time }: Run,
  computers: readonly Computer[],
  { watch, view, timeline, operators }: Observers,
): void {
  time.onStep((process) => {
    const computer = process && computers.find((own) => own.process === process);
    if (computer !== undefined) {
      computer.changed();
      watch.ran(computer);
      operators?.transfers.look(computer);
      view.look(computer);
    }
    timeline.advance();
  });
  const beat = (): void => {
    view.sample();
    time.at(time.now() + HEARTBEAT_MS, beat);
  };
  beat();
}
