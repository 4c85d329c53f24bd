// A case of large commands in a cluster on slow lines. What one command takes on its way is
// longer than an election timeout, so a leader lasts only if its heartbeats overtake its entries.
import { ensure } from "../expect.js";
import { toError } from "../show.js";
import { transportCase } from "./bench.js";
import type { Bench } from "./bench.js";
import { patiently, proposes, withCluster } from "./cluster-bench.js";
import type { Cluster } from "./cluster-bench.js";
import type { Suite } from "../suite.js";
import type { TransportSubject } from "./subject.js";

const COMMAND_BYTES = { min: 64 * 1024, max: 4 * 2 ** 20 - 1024 } as const;
/** A frame's header, and what a command is wrapped in. */
const BESIDE_BYTES = 66 * 1024;
const COMMAND_MS = 1500;
/** For all commands together, on a machine that is busy, too. */
const COMMANDS_BOUND_MS = 9000;
const ELECTION_TIMEOUT_MS = 500;
const COMMANDS = 2;
/** A machine that stands still for longer than an election timeout holds one, too. */
const TRIES = 2;

export const slowClusters: Suite<TransportSubject> = [
  transportCase(
    {
      id: "TRANSPORT-61",
      title: "over slow lines large commands commit without an election",
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
      await withCluster(bench, largeCommands(bench, bytes), {
        bytesPerSecond: Math.ceil((1000 * bytes) / COMMAND_MS),
        electionTimeoutMs: ELECTION_TIMEOUT_MS,
      });
    },
  ),
];

function largeCommands(bench: Bench, bytes: number): (cluster: Cluster) => Promise<void> {
  return async ({ members, failures, leader }) => {
    for (const member of members) {
      await proposes(bench, member, { op: "write", key: "small", value: 1 });
    }
    const told: string[] = [];
    for (let tries = 1; tries <= TRIES; tries++) {
      await patiently(bench, members, "there was a leader", () => leader() !== undefined);
      const first = leader();
      const term = first?.node.status().term;
      const key = "x".repeat(bytes);
      let done = 0;
      for (let i = 0; i < COMMANDS; i++) {
        first?.node.propose({ op: "write", key, value: i }, { timeoutMs: COMMANDS_BOUND_MS }).then(
          () => done++,
          (error: unknown) => told.push(toError(error).message),
        );
      }
      const isElected = (): boolean => members.some(({ node }) => node.status().term !== term);
      await patiently(
        bench,
        members,
        `${COMMANDS} commands of ${bytes} bytes were committed, or an election was held`,
        () => done === COMMANDS || isElected() || failures.length > 0,
        COMMANDS_BOUND_MS,
      );
      ensure(failures.length === 0, `a node stopped: ${failures[0]?.message}`);
      if (done === COMMANDS && !isElected()) return;
      told.push(`an election after term ${term}, when ${done} were committed`);
    }
    ensure(
      false,
      `${COMMANDS} commands of ${bytes} bytes, ${COMMAND_MS} ms each on their way, with an election timeout of ${ELECTION_TIMEOUT_MS} ms, didn't commit without an election, ${TRIES} times: heartbeats wait behind them (${told.slice(0, 4).join("; ")})`,
    );
  };
}
