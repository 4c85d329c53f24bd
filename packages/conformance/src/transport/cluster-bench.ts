// Three real nodes on the adapter that is tested, for the cases at the end: how they are made, and
// waiting for what they do.
import type { LogStorage, NodeId, Peer, RaftkitError, Transport } from "@raftkit/core";
import { createNode, NotProposed, OutcomeUnknown } from "raftkit";
import type { RaftNode } from "raftkit";
import { ensure, fail } from "../expect.js";
import { createChance } from "../random.js";
import { toError } from "../show.js";
import { createWaiting, pattern } from "./bench.js";
import type { Bench, Waiting } from "./bench.js";
import { createClusterClock } from "./cluster-clock.js";
import type { ClusterClock } from "./cluster-clock.js";
import { createLog, createRegisters, plainCodec } from "./cluster-parts.js";
import type { Command, Registers } from "./cluster-parts.js";
import { createSnapshots } from "./cluster-snapshots.js";
import type { ClusterSnapshots } from "./cluster-snapshots.js";
import { withFaults } from "./faults.js";
import type { Faults } from "./faults.js";

const CALL_TIMEOUT_MS = 500;
/** On a good network, which loses an answer now and then all the same: so it is asked again. */
export const FIRST_CALL_TIMEOUT_MS = 1000;

export type Node = RaftNode<Command, boolean, string, number | null>;

export interface Member {
  readonly peer: Peer;
  readonly log: LogStorage;
  readonly snapshots: ClusterSnapshots;
  node: Node;
  machine: Registers;
}

/** It waits by the clock of its nodes, and tells how they stand when that was in vain. */
export interface Cluster extends Waiting {
  readonly members: readonly Member[];
  readonly faults: Faults;
  /** For calls on a bad network: short, so that a client whose proposal was lost goes on. */
  readonly callTimeoutMs: number;
  /** Nodes that stopped by themselves: none should. */
  readonly failures: RaftkitError[];
  readonly leader: () => Member | undefined;
  readonly restart: (member: Member) => Promise<void>;
}

/** What became of a frame between two nodes. */
export interface Passage {
  readonly event: "sent" | "arrived";
  readonly from: NodeId;
  readonly to: NodeId;
  readonly bytes: number;
  /** By the clock of the cluster, in milliseconds. */
  readonly at: number;
}

export interface Setting {
  /** Of the lines between all nodes; absent: as fast as they are. */
  readonly bytesPerSecond?: number;
  /** At least. Default 150. */
  readonly electionTimeoutMs?: number;
  /** Default: the node's own. */
  readonly heartbeatIntervalMs?: number;
  /** What a node's log may hold; then snapshots are taken. */
  readonly maxLogBytes?: number;
  /** Told of each frame that the transport took, and of each that it delivered. */
  readonly onPassage?: (passage: Passage) => void;
}

/** What all nodes of a cluster share. */
interface Ground {
  readonly bench: Bench;
  readonly setting: Setting;
  readonly peers: readonly Peer[];
  readonly routes: Routes;
  readonly faults: Faults;
  readonly failures: RaftkitError[];
  readonly clock: ClusterClock;
  readonly electionTimeoutMs: { readonly min: number; readonly max: number };
}

export async function withCluster(
  bench: Bench,
  body: (cluster: Cluster) => Promise<void>,
  setting: Setting = {},
): Promise<void> {
  const { bytesPerSecond, electionTimeoutMs = 150 } = setting;
  const roundTripMs = bytesPerSecond === undefined ? await measured(bench) : 0;
  const minMs = Math.max(electionTimeoutMs, 4 * roundTripMs);
  const peers = await Promise.all(
    ["n1", "n2", "n3"].map(async (id) => ({ id, address: await bench.subject.address() })),
  );
  const ground: Ground = {
    bench,
    setting,
    peers,
    routes: await routesBetween(bench, peers, bytesPerSecond),
    faults: { random: createChance(1).next, loss: 0, duplicate: 0, reorder: 0, cut: new Set() },
    failures: [],
    clock: createClusterClock(),
    electionTimeoutMs: { min: minMs, max: 2 * minMs },
  };
  const { faults, failures, clock } = ground;
  const waiting = createWaiting(bench.patienceMs, bench.progress, () => clock.now());
  const members: Member[] = [];
  try {
    for (const peer of peers) {
      const log = createLog(`data-directory-of-${peer.id}`);
      const kept = { peer, log, snapshots: createSnapshots() };
      members.push({ ...kept, ...(await open(ground, kept)) });
    }
    await body({
      ...waiting,
      until: (what, condition, boundMs) =>
        waiting
          .until(what, condition, boundMs)
          .catch((error: unknown) => fail(`${toError(error).message}: ${standOf(members)}`, error)),
      members,
      faults,
      failures,
      callTimeoutMs: Math.max(CALL_TIMEOUT_MS, 10 * roundTripMs),
      leader: () => members.find(({ node }) => node.status().role === "leader"),
      restart: async (member) => {
        await member.node.close();
        Object.assign(member, await open(ground, member));
      },
    });
  } finally {
    await Promise.all(
      members.map(({ node }) =>
        waiting.settles("the node closed", node.close()).catch(() => undefined),
      ),
    );
    clock.stop();
  }
}

async function open(
  { bench, setting, peers, routes, faults, failures, clock, electionTimeoutMs }: Ground,
  { peer, log, snapshots }: Pick<Member, "peer" | "log" | "snapshots">,
): Promise<Pick<Member, "node" | "machine">> {
  const { heartbeatIntervalMs, maxLogBytes, onPassage } = setting;
  const machine = createRegisters();
  const faulty = withFaults(await bench.transport(peer.address), faults);
  const transport = routed(faulty, peer.id, routes);
  const node = await createNode({
    id: peer.id,
    cluster: { id: "conformance", bootstrap: peers },
    transport:
      onPassage === undefined
        ? transport
        : watched(transport, peer.id, (event, from, to, bytes) => {
            onPassage({ event, from, to, bytes, at: clock.now() });
          }),
    storage: maxLogBytes === undefined ? { log } : { log, snapshots },
    ...(maxLogBytes === undefined ? {} : { maxLogBytes }),
    ...(heartbeatIntervalMs === undefined ? {} : { heartbeatIntervalMs }),
    clock,
    codec: plainCodec,
    stateMachine: machine,
    electionTimeoutMs,
  });
  node.on("error", (error) => {
    failures.push(error);
  });
  return { node, machine };
}

/** Tries again: a cluster needs a moment to find its leader, and frames may be lost. */
export async function proposes(
  cluster: Cluster,
  { node, peer }: Member,
  command: Command,
): Promise<void> {
  let failure: unknown;
  let outcome: "open" | "done" | "refused" = "refused";
  await cluster.until(`a proposal on ${peer.id} was applied`, () => {
    ensure(failure === undefined, `a proposal on ${peer.id} failed: ${String(failure)}`);
    if (outcome === "refused") {
      outcome = "open";
      node.propose(command, { timeoutMs: FIRST_CALL_TIMEOUT_MS }).then(
        () => {
          outcome = "done";
        },
        (error: unknown) => {
          // Lost on its way, perhaps; to write the same again does no harm.
          const again = error instanceof NotProposed || error instanceof OutcomeUnknown;
          if (again) outcome = "refused";
          else failure = error;
        },
      );
    }
    return outcome === "done";
  });
}

export async function leaderOf({ until, leader }: Cluster): Promise<Member> {
  await until("there was a leader", () => leader() !== undefined);
  return leader() ?? fail("there was a leader a moment ago");
}

/** Waits until all nodes have applied the same. */
export async function agree({ until, members, failures }: Cluster): Promise<void> {
  await until("all nodes had applied what is committed", () => {
    ensure(failures.length === 0, `a node stopped: ${failures[0]?.message}`);
    const places = members.map(({ node }) => node.status());
    return (
      places.every(
        ({ lastApplied, lastIndex }) =>
          lastApplied === lastIndex && lastIndex === places[0]?.lastIndex,
      ) && places.some(({ role }) => role === "leader")
    );
  });
  const [first, ...others] = members.map(({ machine }) => machine.applied.join("\n"));
  ensure(
    others.every((other) => other === first),
    "the nodes applied different commands",
  );
}

function standOf(members: readonly Member[]): string {
  return members
    .map(({ node }) => node.status())
    .map(
      ({ id, role, term, commitIndex, lastIndex }) =>
        `${id} is ${role} in term ${term}, has committed ${commitIndex} of ${lastIndex} entries`,
    )
    .join("; ");
}

type Routes = ReadonlyMap<string, string>;

/** How long a frame and its answer take: elections need several. */
async function measured(bench: Bench): Promise<number> {
  const [a, b] = [await bench.start("n1"), await bench.start("n2")];
  await bench.meet(a, b);
  let shortest = Infinity;
  for (let i = 0; i < 4; i++) {
    const start = performance.now();
    await bench.arrives(a, b, pattern(100, i));
    await bench.arrives(b, a, pattern(100, i));
    shortest = Math.min(shortest, performance.now() - start);
  }
  await Promise.all([a, b].map(({ transport }) => transport.close()));
  return shortest;
}

/** Where each node finds the others: through the links, when these are to be slow. */
async function routesBetween(
  bench: Bench,
  peers: readonly Peer[],
  bytesPerSecond: number | undefined,
): Promise<Routes> {
  const routes = new Map<string, string>();
  if (bytesPerSecond === undefined) return routes;
  for (const from of peers) {
    for (const to of peers) {
      if (from === to) continue;
      routes.set(`${from.id}>${to.id}`, (await bench.links.route?.(from.id, to)) ?? to.address);
      bench.links.disturb?.(from.id, to.id, {
        kind: "throttle",
        bytesPerSecond,
      });
    }
  }
  return routes;
}

function routed(transport: Transport, from: NodeId, routes: Routes): Transport {
  return {
    ...transport,
    setPeers: (peers, seeds) => {
      transport.setPeers(
        peers.map((peer) => ({
          ...peer,
          address: routes.get(`${from}>${peer.id}`) ?? peer.address,
        })),
        seeds,
      );
    },
  };
}

function watched(
  transport: Transport,
  self: NodeId,
  note: (event: Passage["event"], from: NodeId, to: NodeId, bytes: number) => void,
): Transport {
  return {
    ...transport,
    start: (local, handler) =>
      transport.start(local, {
        receive(from, frame) {
          note("arrived", from.id, self, frame.length);
          handler.receive(from, frame);
        },
        met: (from) => {
          handler.met(from);
        },
        unreachable: (to) => {
          handler.unreachable(to);
        },
        rejected: (error) => {
          handler.rejected(error);
        },
      }),
    send(to, parts) {
      const isTaken = transport.send(to, parts);
      const bytes = parts.reduce((sum, { length }) => sum + length, 0);
      if (isTaken) note("sent", self, to, bytes);
      return isTaken;
    },
  };
}
