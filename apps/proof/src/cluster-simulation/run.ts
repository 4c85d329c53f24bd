// Carries a plan out on whole computers: unchanged nodes, the real file log, the real codecs, in
// virtual time. First everything goes wrong that the plan says, then the world heals and the
// cluster must serve within ten election timeouts.
import type { Codec } from "@raftkit/core";
import { decodeFrame } from "@raftkit/core";
import { createJsonCodec } from "@raftkit/codec-json";
import { createMsgpackCodec } from "@raftkit/codec-msgpack";
import { checkHistory, explain, keyValue } from "@raftkit/linearizability";
import type { FileSystem } from "@raftkit/storage-file";
import type { LinkSettings, SeededRandom, VirtualNetwork, VirtualTime } from "@raftkit/simulation";
import {
  createRandom,
  createTrace,
  createVirtualNetwork,
  createVirtualTime,
  describeMessage,
  fingerprint,
  soundLink,
} from "@raftkit/simulation";
import type { Outcome, Plan, RunPlan } from "../plans/plan.js";
import { createCoverage } from "../plans/coverage.js";
import type { Clients } from "./clients.js";
import { createClients } from "./clients.js";
import type { Computer, RunContext } from "./computer.js";
import { createComputer } from "./computer.js";
import { createComputerDisk } from "./disk.js";
import { createLiveness } from "./liveness.js";
import { countPackets } from "./packets.js";
import { createTimeline } from "./timeline.js";
import type { View } from "./view.js";
import { createView } from "./view.js";
import { createWatch } from "./watch.js";
import type { World } from "./world.js";
import { createWorld } from "./world.js";

const ELECTION_TIMEOUT_MS = { min: 150, max: 300 };
const HEARTBEAT_MS = 50;
/** Within so many election timeouts after everything healed the cluster must serve again. */
const LIVENESS_TIMEOUTS = 10;
const CLUSTER = "simulated";
/** Small, so that leaders that are cut off meet it. */
const UNCOMMITTED_BYTES_MAX = 64 * 1024;
/** A node that stopped because its disk refused is started again after this long. ms */
const MEND_MS = 200;
/**
 * More events than this in one simulated millisecond: messages beget messages, and time would
 * hardly go on.
 */
const EVENTS_PER_MS_MAX = 20_000;
const LINES_KEPT = 60;

export interface ClusterSimulationOptions {
  readonly fullTrace: boolean;
  /** Puts something between every storage and its disk: for tests of this very harness. */
  readonly tamper?: (fileSystem: FileSystem) => FileSystem;
}

export const runClusterSimulation: RunPlan = (plan, options) => simulate(plan, options);

/** As `runClusterSimulation`, with a hand on the disks. */
export async function simulate(plan: Plan, options: ClusterSimulationOptions): Promise<Outcome> {
  const stage = createStage(plan, options);
  const { time, world, clients, computers } = stage;
  for (const computer of computers) computer.start();
  await stage.runUntil(plan.safetyMs, () => false);
  clients.stop();
  world.note("everything heals");
  world.heal();
  const liveness = createLiveness(time, world, stage.view, clients);
  await stage.runUntil(
    time.now() + LIVENESS_TIMEOUTS * ELECTION_TIMEOUT_MS.max,
    () => liveness.done,
  );
  if (!liveness.done) {
    stage.broken(
      "liveness",
      `not within ${LIVENESS_TIMEOUTS} election timeouts after everything healed: ${liveness.missing()}`,
    );
  }
  await stage.finish();
  return stage.outcome();
}

interface Stage {
  readonly time: VirtualTime;
  readonly computers: readonly Computer[];
  readonly world: World;
  readonly view: View;
  readonly clients: Clients;
  broken(check: string, message: string): void;
  /** Ends early when something is broken. */
  runUntil(until: number, done: () => boolean): Promise<void>;
  /** The checks that look back on the whole run. */
  finish(): Promise<void>;
  outcome(): Outcome;
}

function createStage(plan: Plan, options: ClusterSimulationOptions): Stage {
  const random = createRandom(plan.seed);
  const time = createVirtualTime();
  const trace = createTrace(options.fullTrace ? Infinity : LINES_KEPT);
  const note = (line: string, detail?: () => string): void =>
    trace.record(time.now(), line, detail);
  let failure: Outcome["failure"];
  function broken(check: string, message: string): void {
    if (failure !== undefined) return;
    failure = { check, message };
    note(`BROKEN ${check}: ${message}`);
  }
  const coverage = createCoverage();
  const codec = random.fork("codec").chance(0.5) ? createJsonCodec() : createMsgpackCodec();
  const link = soundLinkOf(random.fork("link"));
  const network = createNetwork(time, random, codec, link, note);
  const ids = Array.from({ length: plan.nodes }, (_, i) => `n${i + 1}`);
  const segmentBytes = random.fork("segments").pick([8, 16, 64]) * 1024;
  note(
    `seed ${plan.seed}: ${plan.nodes} nodes, codec ${codec.name}, segments of ${segmentBytes} bytes, links ${link.ordered ? "in order" : "unordered"}`,
  );

  const context: RunContext = {
    time,
    random,
    network,
    codec,
    note,
    clusterId: CLUSTER,
    bootstrap: ids.map((id) => ({ id, address: id })),
    electionTimeoutMs: ELECTION_TIMEOUT_MS,
    heartbeatIntervalMs: HEARTBEAT_MS,
    maxUncommittedBytes: UNCOMMITTED_BYTES_MAX,
    ended: (computer) => watch.ended(computer),
    applied(computer, index, term, machine) {
      note(`${computer.id} applied ${index}/${term}`);
      watch.applied(computer, index, machine);
    },
    failed: (computer, error) => onFailure(computer, error, world, view, broken),
  };
  const watch = createWatch(UNCOMMITTED_BYTES_MAX, broken);
  const computers: readonly Computer[] = ids.map((id) => {
    const computer: Computer = createComputer(
      context,
      id,
      createComputerDisk({
        time,
        random: random.fork(`disk/${id}`),
        segmentBytes,
        ...(options.tamper && { tamper: options.tamper }),
        events: {
          note: (line) => note(`${id} ${line}`),
          broken: (message) => broken("storage", `${id}: ${message}`),
          opened: () => watch.opened(computer),
          wiping: () => watch.wiping(computer),
          writing: (operations) => watch.writing(computer, operations),
          durable: () => watch.durable(computer),
          disturbed: (how) => timeline.count(how, computer),
        },
      }),
    );
    return computer;
  });
  const world = createWorld(time, network, link, computers, note);
  const view = createView(computers, world.excluded);
  const clients = createClients({
    time,
    random: random.fork("clients"),
    load: plan.load,
    computers,
    note,
    broken: (message) => broken("client", message),
  });
  const timeline = createTimeline(plan, world, view, coverage, random);
  countPackets(
    network,
    (from, to) => world.disturbances(from, to),
    (kind, id) => {
      const computer = computers.find((own) => own.id === id);
      if (computer !== undefined) timeline.count(kind, computer);
    },
  );

  time.onStep((process) => {
    const computer = process && computers.find((own) => own.process === process);
    if (computer !== undefined) {
      computer.changed();
      watch.ran(computer);
      view.look(computer);
    }
    timeline.advance();
  });
  const beat = (): void => {
    view.sample();
    time.at(time.now() + HEARTBEAT_MS, beat);
  };
  beat();

  return {
    time,
    computers,
    world,
    view,
    clients,
    broken,
    async runUntil(until, done) {
      let windowEnd = time.now() + 1;
      let events = 0;
      while (failure === undefined && !done()) {
        if (!(await time.step(until))) {
          time.advanceTo(until);
          return;
        }
        if (time.now() >= windowEnd) [windowEnd, events] = [time.now() + 1, 0];
        else if (++events > EVENTS_PER_MS_MAX) {
          broken("progress", `more than ${EVENTS_PER_MS_MAX} events within a millisecond`);
        }
      }
    },
    async finish() {
      if (failure === undefined) watch.compare(computers);
      if (failure === undefined) await checkDisks(computers, world, codec, broken);
      if (failure === undefined) checkAnswers(clients, broken);
    },
    outcome: () => ({
      plan,
      hash: trace.hash(),
      virtualMs: time.now(),
      injected: coverage.cells(),
      operations: { ...clients.counts },
      failure,
      trace: trace.lines(),
    }),
  };
}

/** The links as they are when nothing is wrong; like connections, or like datagrams. */
function soundLinkOf(random: SeededRandom): LinkSettings {
  const min = random.between(0.1, 2);
  return {
    ...soundLink,
    ordered: random.chance(0.6),
    delayMs: { min, max: min + random.between(0.1, 4) },
  };
}

function createNetwork(
  time: VirtualTime,
  random: SeededRandom,
  codec: Codec,
  link: LinkSettings,
  note: (line: string, detail?: () => string) => void,
): VirtualNetwork {
  const network = createVirtualNetwork(time, random.fork("network"), {
    link,
    maxFrameBytes: 4 * 2 ** 20,
    maxQueueBytes: 32 * 1024,
    // As transport-tcp: a frame whose checksum is wrong never arrives. But what a node can tell by
    // itself, it must.
    unnoticed: (frame) => decodeFrame(codec, frame) === undefined,
  });
  network.onPacket((what, { from, to, frame, number }) => {
    if (what === "sent") {
      note(`${from.id}>${to} ${number} ${fingerprint(frame)}`, () =>
        describeMessage(decodeFrame(codec, frame)),
      );
    } else note(`${from.id}>${to} ${number} ${what}`);
  });
  return network;
}

/** A node may stop where its disk refused, was damaged or emptied; for any other reason never. */
function onFailure(
  computer: Computer,
  error: Error,
  world: World,
  view: View,
  broken: (check: string, message: string) => void,
): void {
  const code = codeOf(error);
  if (
    world.lost.has(computer) &&
    (code === "STORAGE_LOST" || code === "CORRUPT_LOG" || code === "UNSUPPORTED_FORMAT")
  ) {
    // Before the cluster is bootstrapped it needs everybody: whoever runs it replaces a bad disk,
    // and starts the node again.
    if (view.phase() === "bootstrapping") {
      computer.crash();
      if (code !== "STORAGE_LOST") computer.disk.wipe();
      world.restartIn(computer, MEND_MS);
    } else world.exclude(computer);
  } else if (wasRefused(error)) world.restartIn(computer, MEND_MS);
  else broken("failed", `${computer.id} stopped by itself: ${error.message}`);
}

/** By the disk, which does so only where a fault makes it. */
function wasRefused(error: unknown): boolean {
  return (
    error instanceof Error &&
    (codeOf(error) === "EIO" || codeOf(error) === "ENOSPC" || wasRefused(error.cause))
  );
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

async function checkDisks(
  computers: readonly Computer[],
  world: World,
  codec: Codec,
  broken: (check: string, message: string) => void,
): Promise<void> {
  for (const computer of computers) {
    if (world.lost.has(computer)) continue;
    const difference = await computer.disk.reread({
      clusterId: CLUSTER,
      nodeId: computer.id,
      codec: codec.name,
    });
    if (difference !== undefined) {
      broken(
        "storage",
        `what is durable on ${computer.id}'s disk is not what it should be: ${difference}`,
      );
    }
  }
}

function checkAnswers(clients: Clients, broken: (check: string, message: string) => void): void {
  const verdict = checkHistory(clients.history(), keyValue);
  if (verdict.kind !== "ok") broken("linearizability", explain(verdict, keyValue));
}
