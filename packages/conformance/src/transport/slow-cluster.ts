// A case of a large command in a cluster on slow lines. What it takes on its way is longer than an
// election timeout, so a leader lasts only if its heartbeats overtake its entries.
import { ensure, fail } from "../expect.js";
import { noting, transportCase } from "./bench.js";
import { leaderOf, proposes, withCluster } from "./cluster-bench.js";
import type { Cluster, Passage } from "./cluster-bench.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const COMMAND_BYTES = { min: 64 * 1024, max: 4 * 2 ** 20 - 1024 } as const;
/** A frame's header, and what a command is wrapped in. */
const BESIDE_BYTES = 66 * 1024;
const COMMAND_MS = 1500;
const COMMAND_BOUND_MS = 9000;
const ELECTION_TIMEOUT_MS = 1000;
/**
 * In every turn of the event loop in which the cluster's clock goes as far as it may, so that an
 * adapter which lets only some of them overtake shows it early.
 */
const HEARTBEAT_MS = 4;
/** For such a part of a command's way its receiver may hear nothing else. */
const SILENCE_MAX = 1 / 2;

/** A large command on its way to a follower. */
interface Journey {
  readonly from: string;
  readonly to: string;
  readonly sentAt: number;
  /** When the follower last heard its leader. */
  heardAt: number;
  longestSilenceMs: number;
  arrivedAt: number | undefined;
}

export const slowClusters: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-61",
      title:
        "over slow lines a large command commits without an election, and heartbeats overtake it all the way",
      requires: ["TRANSPORT-47", "TRANSPORT-60"],
      capabilities: ["stream"],
      rule: "Availability (Raft §5.6): heartbeats that wait behind a large command end the leadership that sent it, and the next one sends it again",
    },
    async (bench) => {
      const probe = await bench.transport(await bench.subject.address());
      const bytes = Math.min(probe.maxFrameBytes - BESIDE_BYTES, COMMAND_BYTES.max);
      ensure(
        bytes >= COMMAND_BYTES.min,
        `maxFrameBytes is ${probe.maxFrameBytes}; this case needs ${COMMAND_BYTES.min + BESIDE_BYTES}: give the target an adapter with larger frames`,
      );
      const journeys: Journey[] = [];
      const bytesPerSecond = Math.ceil((1000 * bytes) / COMMAND_MS);
      await noting(
        `the suite had slowed each line down to ${bytesPerSecond} bytes a second`,
        withCluster(bench, largeCommand(bytes, journeys), {
          bytesPerSecond,
          electionTimeoutMs: ELECTION_TIMEOUT_MS,
          heartbeatIntervalMs: HEARTBEAT_MS,
          onPassage: (passage) => {
            follow(journeys, passage, bytes);
          },
        }),
      );
    },
  ),
];

/** Only the first time that a command goes from one node to another. */
function follow(
  journeys: Journey[],
  { event, from, to, bytes, at }: Passage,
  commandBytes: number,
): void {
  const isCommand = bytes >= commandBytes;
  const journey = journeys.find((one) => one.from === from && one.to === to);
  if (event === "arrived" && journey !== undefined && journey.arrivedAt === undefined) {
    journey.longestSilenceMs = Math.max(journey.longestSilenceMs, at - journey.heardAt);
    journey.heardAt = at;
    if (isCommand) journey.arrivedAt = at;
  } else if (event === "sent" && journey === undefined && isCommand) {
    journeys.push({ from, to, sentAt: at, heardAt: at, longestSilenceMs: 0, arrivedAt: undefined });
  }
}

function largeCommand(
  bytes: number,
  journeys: readonly Journey[],
): (cluster: Cluster) => Promise<void> {
  return async (cluster) => {
    const { until, settles, members, failures } = cluster;
    for (const member of members) {
      await proposes(cluster, member, { op: "write", key: "small", value: 1 });
    }
    const leader = await leaderOf(cluster);
    const { term } = leader.node.status();
    const command = { op: "write", key: "x".repeat(bytes), value: 1 } as const;
    const committed = leader.node.propose(command, { timeoutMs: COMMAND_BOUND_MS });
    committed.catch(() => undefined); // told below
    const arrived = (): readonly Journey[] =>
      journeys.filter(({ arrivedAt }) => arrivedAt !== undefined);
    await until(
      `a command of ${bytes} bytes had arrived at two nodes`,
      () => arrived().length >= members.length - 1 || failures.length > 0,
      COMMAND_BOUND_MS,
    );
    ensure(failures.length === 0, `a node stopped: ${failures[0]?.message}`);
    for (const journey of arrived()) refuseSilence(journey, bytes);
    await settles("the command was committed", committed);
    const elected = members.find(({ node }) => node.status().term !== term);
    ensure(
      elected === undefined,
      `while a command of ${bytes} bytes was on its way for ${COMMAND_MS} ms, an election was held after term ${term}: heartbeats wait behind it`,
    );
  };
}

/** Which part of the way, not for how long: a busy machine makes both longer. */
function refuseSilence(
  { from, to, sentAt, arrivedAt = sentAt, longestSilenceMs }: Journey,
  bytes: number,
): void {
  const percent = Math.round((100 * longestSilenceMs) / (arrivedAt - sentAt));
  if (percent > 100 * SILENCE_MAX) {
    fail(
      `a command of ${bytes} bytes was on its way from ${from} to ${to}, and for ${percent} % of it ${to} heard nothing of ${from}, which sends a heartbeat every ${HEARTBEAT_MS} ms: small frames must overtake a large one all the way`,
    );
  }
}
