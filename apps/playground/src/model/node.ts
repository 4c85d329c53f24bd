// One node: `Raft` from @raftkit/core, unchanged, told what happens and obeyed. Its runs begin and
// end here.
import type { Input, NodeId, PersistedState } from "@raftkit/core";
import { encodeConfiguration, encodeRun, EntryKind, Raft } from "@raftkit/core";
import { createRandom } from "@raftkit/simulation";
import { createDisk, loseUnwritten } from "./disk.js";
import { perform } from "./effects.js";
import { copyLog, encodeText, madeUpCommand } from "./log-copy.js";
import { machineOf } from "./snapshots.js";
import type { Flight, SimulatedNode, StoredState, World } from "./world.js";
import { note, plan, unplan } from "./world.js";

/** What the nodes are started with; the timeouts are raftkit's defaults, in milliseconds. */
const OPTIONS = {
  electionTimeoutMs: { min: 150, max: 300 },
  heartbeatIntervalMs: 50,
  maxInflightMessages: 16,
  maxInflightBytes: 65_536,
  maxUncommittedBytes: 1_048_576,
};

export const ELECTION_TIMEOUT_MAX_MS: number = OPTIONS.electionTimeoutMs.max;

const CLUSTER_INSTANCE = "cluster-of-the-playground";

export function nodeIdOf(number: number): NodeId {
  return `S${number}`;
}

function serverOf(number: number): { id: NodeId; incarnation: string; address: string } {
  const id = nodeIdOf(number);
  return { id, incarnation: `${id}-data-directory`, address: `${id}.playground:7000` };
}

export function createNode(world: World, number: number, isJoiner: boolean): SimulatedNode {
  const { id, incarnation } = serverOf(number);
  return {
    number,
    id,
    incarnation,
    isJoiner,
    random: createRandom(world.setup.seed).fork(`node/${number}`),
    disk: createDisk(),
    raft: undefined,
    failure: undefined,
    run: 0,
    clockAheadMs: 0,
    timer: undefined,
    log: { base: { index: 0, term: 0 }, entries: [] },
    machine: {},
    lastApplied: 0,
    votes: new Set(),
    isPreCandidate: false,
    term: 0,
    lastSeq: 0,
    lastQuestion: 0,
    readable: new Map(),
    receiving: undefined,
    isCapturing: false,
  };
}

/** What bootstrapping leaves on every disk, entry 1, and the entries after it. */
export function fillDisk(
  { setup }: World,
  { disk }: SimulatedNode,
  { currentTerm, terms }: StoredState,
): void {
  const voters = Array.from({ length: setup.nodes }, (_, i) => serverOf(i + 1));
  const configuration = encodeConfiguration({
    clusterInstance: CLUSTER_INSTANCE,
    voters,
    learners: [],
    outgoing: [],
  });
  disk.hardState = { currentTerm, votedFor: null };
  disk.runs.push(encodeRun(1, 1, EntryKind.configuration, [configuration]));
  terms.forEach((term, i) => {
    const command = encodeText(madeUpCommand(i + 2, term));
    disk.runs.push(encodeRun(i + 2, term, EntryKind.command, [command]));
  });
}

export function startNode(world: World, node: SimulatedNode): void {
  const { disk, id, incarnation, isJoiner } = node;
  const { address } = serverOf(node.number);
  const { snapshot } = disk;
  node.run++;
  node.lastSeq = node.lastQuestion = 0;
  node.term = disk.hardState.currentTerm;
  node.isPreCandidate = false;
  node.machine = snapshot ? machineOf(snapshot) : {};
  node.lastApplied = snapshot?.meta.index ?? 0;
  node.log = copyLog(disk.base, disk.runs);
  if (snapshot) node.readable.set(snapshot.meta.snapshotId, snapshot);
  const founders = Array.from({ length: world.setup.nodes }, (_, i) => serverOf(i + 1));
  const restored: PersistedState = {
    hardState: disk.hardState,
    base: disk.base,
    entries: [...disk.runs],
    snapshot: snapshot?.meta ?? null,
    damagedSnapshotIndex: 0,
    applied: node.lastApplied,
  };
  node.raft = new Raft(
    {
      ...OPTIONS,
      maxMessageBytes: world.conditions.maxMessageBytes,
      maxLogBytes: world.conditions.maxLogBytes,
      id,
      incarnation,
      run: node.run,
      address,
      clusterInstance: CLUSTER_INSTANCE,
      bootstrap: isJoiner ? [] : founders.map((peer) => ({ id: peer.id, address: peer.address })),
      random: node.random.next,
    },
    restored,
  );
  tell(world, node, { type: "tick" });
  if (!isJoiner) return;
  // It was given the others' addresses, and they answer.
  for (const { id: other, incarnation: theirs, run, raft } of world.nodes) {
    if (other === id || !raft) continue;
    tell(world, node, { type: "met", from: { id: other, incarnation: theirs, run } });
  }
}

/** A power cut: what isn't on the disk is gone. */
export function stopNode(world: World, node: SimulatedNode): void {
  node.raft = undefined;
  unplan(world, node.timer);
  node.timer = undefined;
  loseUnwritten(node.disk);
  node.log = copyLog(node.disk.base, node.disk.runs);
  node.machine = {};
  node.lastApplied = 0;
  node.votes.clear();
  node.readable.clear();
  node.receiving = undefined;
  node.isCapturing = false;
}

export function localNow(world: World, node: SimulatedNode): number {
  return world.now + node.clockAheadMs;
}

/** Gives core an input, and carries out what it asks for, until its turn has ended. */
export function tell(world: World, node: SimulatedNode, input: Input): void {
  const { raft } = node;
  if (!raft) return;
  const inputs: Input[] = [input];
  for (let next = inputs.shift(); next; next = inputs.shift()) {
    for (const effect of raft.step(localNow(world, node), next)) {
      if (effect.type === "failed") {
        fail(world, node, effect.error);
        return;
      }
      perform(world, node, effect, {
        now: (answer) => inputs.push(answer),
        later: (answer) => tell(world, node, answer),
        receive: (to, flight) => receive(world, to, flight),
      });
    }
    if (inputs.length === 0 && raft.deadline === -Infinity) inputs.push({ type: "tick" });
  }
  setTimer(world, node, raft.deadline);
}

function fail(world: World, node: SimulatedNode, { message }: Error): void {
  note(world, "fault", node.id, `stops by itself: ${message}`);
  stopNode(world, node);
  node.failure = message;
}

function setTimer(world: World, node: SimulatedNode, deadline: number): void {
  const at = Math.max(world.now, deadline - node.clockAheadMs);
  if (node.timer && node.timer.at === at) return;
  unplan(world, node.timer);
  node.timer = undefined;
  if (at === Infinity) return;
  node.timer = plan(world, at, () => {
    node.timer = undefined;
    tell(world, node, { type: "tick" });
  });
}

function receive(world: World, node: SimulatedNode, { from, message }: Flight): void {
  const awaited = node.isPreCandidate ? "preVoteReply" : "requestVoteReply";
  const isGrant = message.type === awaited && "voteGranted" in message && message.voteGranted;
  if (isGrant && node.raft?.status.role === "candidate") node.votes.add(from.id);
  tell(world, node, { type: "receive", from, message });
}
