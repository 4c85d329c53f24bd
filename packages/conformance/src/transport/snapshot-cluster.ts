// The case of a node that was away for so long that it is sent a snapshot, in many parts and over a
// bad network, while the others go on.
import { NotProposed, OutcomeUnknown } from "raftkit";
import { ensure } from "../expect.js";
import { toError } from "../show.js";
import { nextTurn, transportCase } from "./bench.js";
import { agree, leaderOf, proposes, withCluster } from "./cluster-bench.js";
import type { Cluster, Member } from "./cluster-bench.js";
import type { Command } from "./cluster-parts.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

/** A frame's header. */
const BESIDE_BYTES = 64 * 1024;
const PART_BYTES = { min: 1024, max: 256 * 1024 } as const;
const PARTS = 8;
/** So many are written when the receiver's disk stops for a while. */
const PARTS_BEFORE_STOP = 3;
/** Acknowledged while it stands still. */
const WRITES_MEANWHILE = 5;
/** Much more than what is written during the case: a log that is too short can't wait for anybody. */
const MAX_LOG_BYTES = 2 ** 20;
const ENTRY_BYTES = 16 * 1024;
const WRITES_AT_ONCE = 10;
/** Each takes a millisecond or more. */
const TURNS_BETWEEN_WRITES = 40;
const ELECTION_TIMEOUT_MS = 1000;
/** Part by part: one that was lost is sent again after some hundreds of milliseconds. */
const PART_BOUND_MS = 8000;

export const snapshotClusters: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-62",
      title:
        "a node that was away for long gets the leader's snapshot over a bad network, while the leader stays and writes go on",
      requires: ["TRANSPORT-47"],
      rule: "State Machine Safety and Availability (Raft §7, Figure 13): parts of a snapshot may be lost, doubled, late and out of order; heartbeats and entries don't wait for them, and what was acknowledged is in the snapshot or in the log behind it",
    },
    async (bench) => {
      const probe = await bench.transport(await bench.subject.address());
      const partBytes = Math.min(probe.maxFrameBytes - BESIDE_BYTES, PART_BYTES.max);
      ensure(
        partBytes >= PART_BYTES.min,
        `maxFrameBytes is ${probe.maxFrameBytes}; this case needs ${PART_BYTES.min + BESIDE_BYTES}: give the target an adapter with larger frames`,
      );
      await withCluster(bench, comesBack(partBytes), {
        electionTimeoutMs: ELECTION_TIMEOUT_MS,
        maxLogBytes: MAX_LOG_BYTES,
      });
    },
  ),
];

function comesBack(partBytes: number): (cluster: Cluster) => Promise<void> {
  return async (cluster) => {
    const { members } = cluster;
    for (const member of members) {
      await proposes(cluster, member, { op: "write", key: "x", value: 1 });
    }
    const leader = await leaderOf(cluster);
    const behind = members.find((member) => member !== leader);
    ensure(behind !== undefined, "there are three nodes");
    const { term } = leader.node.status();
    const before = await leaveBehind(cluster, leader, behind, partBytes);
    const { during, installed } = await install(cluster, leader, behind, partBytes);
    ensure(
      installed && members.every(({ node }) => node.status().term === term),
      `an election was held after term ${term}, while a snapshot of ${PARTS} parts of ${partBytes} bytes was under way: heartbeats wait behind it`,
    );
    await agree(cluster);
    const acknowledged = [...before, ...during];
    const applied = new Set(members[0]?.machine.applied);
    const missing = acknowledged.find((command) => !applied.has(JSON.stringify(command)));
    ensure(missing === undefined, `${JSON.stringify(missing)} was acknowledged, but is on no node`);
    const hashes = members.map(({ machine }) => machine.hash());
    ensure(
      new Set(hashes).size === 1,
      `the nodes applied the same commands, but their states differ: ${hashes.join(", ")}`,
    );
  };
}

/** Cuts a node off until the leader's log doesn't reach back to it. @returns what was acknowledged */
async function leaveBehind(
  cluster: Cluster,
  leader: Member,
  behind: Member,
  partBytes: number,
): Promise<readonly Command[]> {
  const { members, faults } = cluster;
  for (const { peer } of members) {
    faults.cut.add(`${peer.id}>${behind.peer.id}`).add(`${behind.peer.id}>${peer.id}`);
  }
  const { lastIndex } = behind.node.status();
  const grow: Command = { op: "grow", seed: lastIndex, bytes: PARTS * partBytes };
  await proposes(cluster, leader, grow);
  const acknowledged: Command[] = [grow];
  const key = "x".repeat(Math.min(partBytes, ENTRY_BYTES));
  for (let value = lastIndex; leader.node.status().baseIndex <= lastIndex; value++) {
    const writes = Array.from({ length: WRITES_AT_ONCE }, (_, i): Command => {
      return { op: "write", key, value: WRITES_AT_ONCE * value + i };
    });
    await Promise.all(writes.map((write) => proposes(cluster, leader, write)));
    acknowledged.push(...writes);
    await cluster.settles("the leader had a snapshot", leader.node.snapshot());
    await nextTurn(); // the log's turn to be shortened
  }
  return acknowledged;
}

/** Lets it come back, over a bad network. */
async function install(
  { until, members, faults, failures, callTimeoutMs, leader: current }: Cluster,
  leader: Member,
  behind: Member,
  partBytes: number,
): Promise<{ readonly during: readonly Command[]; readonly installed: boolean }> {
  const [parts, stopsAt] = [
    `${PARTS} parts of ${partBytes} bytes of the leader's snapshot`,
    PARTS_BEFORE_STOP * partBytes,
  ];
  let installed = false;
  const stop = behind.node.on("snapshot", ({ origin }) => {
    installed ||= origin === "leader";
  });
  const others = members.filter((member) => member !== behind);
  const writers = startWriters(others, callTimeoutMs);
  const waits = async (what: string, condition: () => boolean): Promise<void> => {
    const isOver = (): boolean => {
      refuseDamaged(leader, behind);
      return failures.length > 0 || current() !== leader || condition();
    };
    await until(what, isOver, PART_BOUND_MS);
  };
  const partsUpTo = async (last: number): Promise<void> => {
    for (let part = 1; part <= last; part++) {
      const has = (): boolean => installed || behind.snapshots.writtenBytes() >= part * partBytes;
      await waits(`${part} of ${parts} were written at ${behind.peer.id}`, has);
    }
  };
  try {
    behind.snapshots.stopsAt = stopsAt;
    Object.assign(faults, { loss: 0.05, duplicate: 0.05, reorder: 0.1 });
    faults.cut.clear();
    await partsUpTo(PARTS_BEFORE_STOP);
    const enough = writers.acknowledged.length + WRITES_MEANWHILE;
    await waits(
      `${WRITES_MEANWHILE} writes were acknowledged while a snapshot was under way`,
      () => writers.acknowledged.length >= enough,
    );
    behind.snapshots.stopsAt = Infinity;
    await partsUpTo(PARTS);
    await waits(`${behind.peer.id} had all ${parts}`, () => installed);
  } finally {
    behind.snapshots.stopsAt = Infinity;
    faults.cut.clear();
    stop();
    await writers.stop();
    Object.assign(faults, { loss: 0, duplicate: 0, reorder: 0 });
  }
  ensure(failures.length === 0, `a node stopped: ${failures[0]?.message}`);
  return { during: writers.acknowledged, installed };
}

/** As long as was announced, and yet something else: no network may do that. */
function refuseDamaged(leader: Member, behind: Member): void {
  const sent = leader.snapshots.committed;
  const damaged = behind.snapshots.abandoned.find(({ index, bytes, crc }) =>
    sent.some((one) => one.index === index && one.bytes === bytes && one.crc !== crc),
  );
  ensure(
    damaged === undefined,
    `all ${damaged?.bytes} bytes of the leader's snapshot at index ${damaged?.index} arrived, but not as they were sent: each frame must be delivered unaltered, and stay so`,
  );
}

interface Writers {
  readonly acknowledged: readonly Command[];
  stop(): Promise<void>;
}

/** One client for each of these nodes, one write after another, with a pause between them. */
function startWriters(members: readonly Member[], timeoutMs: number): Writers {
  const acknowledged: Command[] = [];
  let [value, running] = [0, true];
  async function run({ node, peer }: Member): Promise<void> {
    while (running) {
      const write: Command = { op: "write", key: `y${peer.id}`, value: ++value };
      try {
        await node.propose(write, { timeoutMs });
        acknowledged.push(write);
      } catch (error) {
        if (!(error instanceof NotProposed || error instanceof OutcomeUnknown)) {
          throw toError(error);
        }
      }
      for (let turn = 0; turn < TURNS_BETWEEN_WRITES; turn++) await nextTurn();
    }
  }
  const ended = Promise.all(members.map(run));
  ended.catch(() => undefined); // told by stop()
  return {
    acknowledged,
    async stop() {
      running = false;
      await ended;
    },
  };
}
